/** What initiator and responder share: naming the context, and becoming ESTABLISHED or failed. */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import { type ContextTag, type Option, type R2, tagFromNumber } from '../wire/shim6/index.ts';
import { announcementFrom, encodeTelling } from './announcing.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { FailureReason } from './effects.ts';
import { listsAddress } from './local-host.ts';
import type { PeerLocatorList } from './peer.ts';
import type { KnownPeer, VerifiedPeer } from './peer-verification.ts';
import { queueUpdate } from './update.ts';

/** More contexts than this with one CT(peer) are no coincidence of 47 random bits. */
const MAXIMUM_SHARED_TAG = 16;

/**
 * What I1, I2 and I2bis name the context by. The ULID Pair is required when the packet's addresses are not the ULIDs,
 * and never wrong; the Forked Instance Identifier is required unless zero.
 */
export function namingOptions({ local, peer, fork }: Context): Option[] {
  const ulids: Option = { type: 'UlidPair', sender: local, receiver: peer };
  return fork === 0 ? [ulids] : [ulids, { type: 'ForkedInstanceIdentifier', identifier: fork }];
}

/** RFC 5533 §7.14. The peer knows what the context announces once this arrives. */
export function sendR2(
  core: Core,
  context: Context,
  to: {
    readonly source: Address;
    readonly destination: Address;
    readonly message: { readonly initiatorNonce: number };
  },
): void {
  const message: R2 = {
    type: 'R2',
    responderTag: tagFromNumber(context.localTagNumber),
    initiatorNonce: to.message.initiatorNonce,
    options: [],
  };
  const source = to.destination;
  const telling = encodeTelling(core, context.host, announcementFrom(context, source), source, message);
  if (telling === undefined) return;
  context.handshake?.tells(telling.announcement);
  // Between I2bis and its R2 nothing is certain but that the peer hears this last.
  if (context.handshake?.told) context.handshake.told = telling.announcement;
  // Before ESTABLISHED nothing proves who hears it: the I1 that drew it may be forged.
  else if (context.state === 'ESTABLISHED') context.announced = telling.announcement;
  core.sendBytes(source, to.source, telling.bytes);
  queueUpdate(core, context);
}

/** What a message that leaves out its sender's locators refers to; nothing before the peer has told any. */
export const knownPeer = ({ peerHost, peerList }: Context): KnownPeer => ({
  parameters: peerHost.parameters,
  list: peerList.locators.length === 0 ? undefined : peerList,
});

/** Records what a verified I2, I2bis or R2 told. False, counted, when its tag cannot be taken. */
export function recordPeer(
  core: Core,
  context: Context,
  peerTag: number,
  { list, parameters, keepaliveTimeout }: VerifiedPeer,
): boolean {
  if (!resolveConfusion(core, context, peerTag, list)) return false;
  core.table.setPeerTag(context, peerTag);
  context.peerList = context.peerHost.share(list);
  if (parameters !== undefined) context.peerHost.parameters = parameters;
  if (keepaliveTimeout !== undefined) context.peerHost.keepaliveTimeout = keepaliveTimeout;
  return true;
}

/**
 * RFC 5533 §7.15: another context with the same CT(peer) and a common peer locator means that the peer has lost it
 * and given its tag to this one. The old context is removed.
 */
export function resolveConfusion(
  core: Core,
  context: Context,
  peerTag: number,
  list: PeerLocatorList,
): boolean {
  const others = core.table.withPeerTag(peerTag).filter((other) => other !== context);
  let remaining = others.length;
  for (const other of others) {
    const settled = other.state === 'ESTABLISHED' || other.state === 'I2BIS-SENT';
    if (!settled || !overlap(other.peerList, list)) continue;
    core.count('context-confusion');
    core.remove(other);
    remaining--;
  }
  if (remaining < MAXIMUM_SHARED_TAG) return true;
  core.count('shared-tag');
  return false;
}

const overlap = (first: PeerLocatorList, second: PeerLocatorList): boolean =>
  first.locators.some((locator) => listsAddress(second.locators, locator.address));

/** Moves to ESTABLISHED on the locator pair of `on`, seen from our side; `recovered` as in the effect. */
export function becomeEstablished(
  core: Core,
  context: Context,
  now: number,
  on: { readonly local: Address; readonly peer: Address },
  recovered?: ContextTag,
): void {
  core.endHandshake(context);
  setPair(context, on);
  context.state = 'ESTABLISHED';
  context.newestNonce = core.validators.lastNonce | 0;
  // Out of I2BIS-SENT it has carried payload all along.
  const kind = context.establishedAt === undefined ? 'established' : 'changed';
  context.establishedAt ??= Math.floor(now);
  core.effects.push({ kind, context, ...(recovered && { recovered }) });
  queueUpdate(core, context);
}

/** Lp(local) and Lp(peer), where the exchange has found the peer (RFC 5533 §7.2), as the objects that host and list keep anyway. */
export function setPair(context: Context, on: { readonly local: Address; readonly peer: Address }): void {
  context.localLocator = kept(context.host.current.locators, on.local);
  context.peerLocator = kept(context.peerList.locators, on.peer);
  // The validator of an I2 or I2bis, the nonce of an R2, were sent there and nowhere else. Where else the peer lists
  // itself is left to Probes.
  context.peerHost.markPresent(context.peerLocator);
}

const kept = (locators: readonly { readonly address: Address }[], address: Address): Address =>
  locators.find((locator) => equalAddress(locator.address, address))?.address ?? address;

/** RFC 5533 Appendix B, E-FAILED and NO-SUPPORT: the pair is remembered until `until`, its tags are not. */
export function becomeFailed(core: Core, context: Context, until: number, reason: FailureReason): void {
  const handshake = context.handshake!;
  core.table.forgetNonces(handshake);
  core.table.forget(context);
  context.state = reason === 'no-support' ? 'NO-SUPPORT' : 'E-FAILED';
  handshake.failure = reason;
  core.deadlines.set(handshake, until);
  const { local, peer, fork } = context;
  core.effects.push({ kind: 'failed', local, peer, fork, reason, holddownUntil: until });
}
