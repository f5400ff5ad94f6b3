/** What initiator and responder share: announcing ourselves, and becoming or refreshing ESTABLISHED. */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import { type Message, type Option, type R2, tagFromNumber, type UlidPair } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import { indifferent, listsAddress, locatorOptions } from './local-host.ts';
import type { PeerLocatorList } from './peer.ts';
import type { VerifiedPeer } from './peer-verification.ts';
import { queueUpdate } from './update.ts';

/** More contexts than this with one CT(peer) are no coincidence of 47 random bits. */
const MAXIMUM_SHARED_TAG = 16;

/** Required in I1, I2 and I2bis when the packet's addresses are not the ULIDs, and never wrong. */
export const ulidPairOption = (context: Context): UlidPair => ({
  type: 'UlidPair',
  sender: context.local,
  receiver: context.peer,
});

type WithOptions = Exclude<Message, { type: 'Error' }>;

/**
 * Encodes `message` with our locators and their proof added. Preferences that say nothing are left out where the
 * message would not fit otherwise; undefined, counted, when that does not help.
 */
export function encodeAnnouncing(core: Core, context: Context, message: WithOptions): Uint8Array | undefined {
  const announced = locatorOptions(core, context.host, context.announced);
  const whole = core.encode({ ...message, options: [...message.options, ...announced] });
  if (whole !== undefined || !indifferent(context.announced)) return whole;
  const proof = announced.filter((option: Option) => option.type !== 'LocatorPreferences');
  return core.encode({ ...message, options: [...message.options, ...proof] });
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
  const bytes = encodeAnnouncing(core, context, message);
  if (bytes !== undefined) core.sendBytes(to.destination, to.source, bytes);
}

/** Records what a verified I2 or R2 told. False, counted, when its tag cannot be taken. */
export function recordPeer(
  core: Core,
  context: Context,
  peerTag: number,
  { list, parameters }: VerifiedPeer,
): boolean {
  if (!resolveConfusion(core, context, peerTag, list)) return false;
  core.table.setPeerTag(context, peerTag);
  context.peerList = context.peerHost.share(list);
  if (parameters !== undefined) context.peerHost.parameters = parameters;
  return true;
}

/**
 * RFC 5533 §7.15: another context with the same CT(peer) and a common peer locator means that the peer has lost it
 * and given its tag to this one. The old context is removed.
 */
function resolveConfusion(core: Core, context: Context, peerTag: number, list: PeerLocatorList): boolean {
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

/** Moves to ESTABLISHED on the locator pair of `on`, seen from our side. */
export function becomeEstablished(
  core: Core,
  context: Context,
  now: number,
  on: { readonly local: Address; readonly peer: Address },
): void {
  core.endHandshake(context);
  setPair(context, on);
  context.state = 'ESTABLISHED';
  context.establishedAt = Math.floor(now);
  context.newestNonce = core.validators.lastNonce | 0;
  core.effects.push({ kind: 'established', context });
  queueUpdate(core, context);
}

/** Lp(local) and Lp(peer), as the objects that host and list keep anyway. */
export function setPair(context: Context, on: { readonly local: Address; readonly peer: Address }): void {
  context.localLocator = kept(context.host.current.locators, on.local);
  context.peerLocator = kept(context.peerList.locators, on.peer);
}

const kept = (locators: readonly { readonly address: Address }[], address: Address): Address =>
  locators.find((locator) => equalAddress(locator.address, address))?.address ?? address;

/** RFC 5533 Appendix B, E-FAILED: the pair is remembered until `until`, its tags are not. */
export function becomeFailed(core: Core, context: Context, until: number): void {
  const handshake = context.handshake!;
  core.table.forgetNonce(handshake);
  core.table.forget(context);
  context.state = 'E-FAILED';
  core.deadlines.set(handshake, until);
  core.effects.push({
    kind: 'failed',
    local: context.local,
    peer: context.peer,
    reason: 'no-response',
    holddownUntil: until,
  });
}
