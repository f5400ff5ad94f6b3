/** Establishing a context from our side, RFC 5533 §7.7, §7.8, §7.11, §7.12 and §7.16, and the timeouts on the way. */
import type { Address } from '../wire/ipv6/address.ts';
import { findOption, type I2, type R1, type R2, tagFromNumber, tagNumber } from '../wire/shim6/index.ts';
import { announcementFrom, encodeTelling } from './announcing.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { FailureReason } from './effects.ts';
import { becomeEstablished, becomeFailed, knownPeer, namingOptions, recordPeer } from './establish.ts';
import { beginHandshake, type Handshake, initiatorNonce } from './handshake.ts';
import { Announcement, listsAddress } from './local-host.ts';
import { leastDoubtful } from './locator-pairs.ts';
import { refuse, verifyPeer } from './peer-verification.ts';
import type { Received } from './received.ts';

/** Not a number that a Forked Instance Identifier option can hold. */
export class ForkedInstanceError extends Error {
  readonly fork: number;
  constructor(fork: number) {
    super(`${fork} is no Forked Instance Identifier: it takes a whole number of 32 bits (RFC 5533 §5.15.7)`);
    this.name = 'ForkedInstanceError';
    this.fork = fork;
  }
}

/** Heuristics trigger a new context establishment. Throws ForkedInstanceError. */
export function establish(
  core: Core,
  now: number,
  local: Address,
  peer: Address,
  peerLocators: readonly Address[],
  fork: number,
): void {
  if (fork >>> 0 !== fork) throw new ForkedInstanceError(fork);
  const fail = (reason: FailureReason, holddownUntil = now) => {
    core.effects.push({ kind: 'failed', local, peer, fork, reason, holddownUntil });
  };
  const host = core.table.hosts.find(local);
  if (host === undefined) return fail('unknown-host');
  const existing = core.table.find(host, peer, fork);
  if (existing !== undefined) {
    const { failure, deadline } = existing.handshake ?? {};
    if (failure !== undefined) fail(failure, deadline);
    return;
  }
  if (peerLocators.length === 0) return fail('no-peer-locator');
  if (host.usableLocators().length === 0) return fail('no-usable-locator');
  const { maximumContexts, maximumUnfinished, maximumForks, maximumLocators } = core.settings;
  const limit =
    core.table.size >= maximumContexts
      ? 'table-full'
      : host.unfinished >= maximumUnfinished
        ? 'too-many-unfinished'
        : fork !== 0 && core.table.forks(host, peer) >= maximumForks
          ? 'too-many-forks'
          : undefined;
  if (limit !== undefined) {
    core.count(limit);
    return fail(limit);
  }
  const context = core.table.add(host, peer, fork, now);
  core.table.setLocalTag(context, core.freshTag());
  sendI1(core, now, beginHandshake(context, peerLocators.slice(0, maximumLocators)));
}

function sendI1(core: Core, now: number, handshake: Handshake): void {
  const { context } = handshake;
  context.state = 'I1-SENT';
  const sources = context.host.usableLocators();
  // With no uplink left there is nothing to send on; the retransmission after the next may find one.
  if (sources.length > 0) {
    const { candidates, i1Retries } = handshake;
    const { source, destination } = leastDoubtful(sources, candidates, i1Retries, core.doubts);
    core.send(source, destination, {
      type: 'I1',
      initiatorTag: tagFromNumber(context.localTagNumber),
      initiatorNonce: initiatorNonce(core, handshake, destination),
      options: namingOptions(context),
    });
  }
  core.deadlines.set(handshake, now + core.backoff(core.settings.I1_TIMEOUT, handshake.i1Retries));
}

/** R1 in I1-SENT: send I2 and move to I2-SENT. */
export function sendI2(core: Core, received: Received<R1>, context: Context): void {
  const handshake = context.handshake!;
  const { message, source, destination, now } = received;
  const validator = findOption(message, 'ResponderValidator');
  const known = isFromWhereSought(handshake, received);
  if (validator === undefined || !known) return core.count('unmatched-R1');
  const i2: I2 = {
    type: 'I2',
    initiatorTag: tagFromNumber(context.localTagNumber),
    initiatorNonce: message.initiatorNonce,
    responderNonce: message.responderNonce,
    options: [validator, ...namingOptions(context)],
  };
  const told = announcementFrom(context, destination);
  const telling = encodeTelling(core, context.host, told, destination, i2);
  if (telling === undefined) {
    // From the ULID itself no list is needed: an I1 yet to come may go out from there.
    if (context.host.hasLocator(context.local)) return;
    return becomeFailed(core, context, now + core.settings.NO_R1_HOLDDOWN_TIME, 'message-too-long');
  }
  context.announced = telling.announcement;
  handshake.tells(telling.announcement);
  handshake.i2 = { source: destination, destination: source, message: telling.bytes, at: now };
  handshake.i2Retries = 0;
  context.state = 'I2-SENT';
  transmitI2(core, now, handshake);
}

/** R1 and R2 come from where their Initiator Nonce was sent (RFC 5533 §7.11, §7.16), to a locator of ours. */
const isFromWhereSought = (
  handshake: Handshake,
  { message, source, destination }: Received<R1 | R2>,
): boolean =>
  handshake.nonceOf(source) === message.initiatorNonce && handshake.context.host.hasLocator(destination);

/** Sends the I2 or I2bis of the handshake, and again when its time is up. */
export function transmitI2(core: Core, now: number, handshake: Handshake): void {
  const { i2, i2Retries, context } = handshake;
  const { I2_TIMEOUT, I2bis_TIMEOUT } = core.settings;
  i2!.at = now;
  core.sendBytes(i2!.source, i2!.destination, i2!.message);
  const timeout = context.state === 'I2BIS-SENT' ? I2bis_TIMEOUT : I2_TIMEOUT;
  core.deadlines.set(handshake, now + core.backoff(timeout, i2Retries));
}

/** R2 in I1-SENT, I2-SENT or I2BIS-SENT: verify, record, move to ESTABLISHED. */
export function acceptR2(core: Core, received: Received<R2>, context: Context): void {
  const { message, source, destination, now } = received;
  const handshake = context.handshake!;
  if (!isFromWhereSought(handshake, received)) return core.count('unmatched-R2');
  const verified = verifyPeer(core, context.peer, received, knownPeer(context));
  if ('refused' in verified) return refuse(core, received, verified);
  if (!listsAddress(verified.list.locators, source)) return core.count('source-not-listed');
  if (!recordPeer(core, context, tagNumber(message.responderTag), verified)) return;
  if (handshake.told !== undefined) context.announced = handshake.told;
  if (handshake.toldSeveral) {
    // Which list the peer has is not known: as one of another generation, the whole follows by Update Request.
    const { generation, locators } = context.announced;
    context.announced = new Announcement(core.freshGeneration(generation), locators);
  }
  becomeEstablished(core, context, now, { local: destination, peer: source });
}

/** The timeout rows of RFC 5533 Appendix B, and the end of a holddown. */
export function handshakeTimeout(core: Core, now: number, handshake: Handshake): void {
  const { context } = handshake;
  const { I2_RETRIES_MAX, I2bis_RETRIES_MAX } = core.settings;
  switch (context.state) {
    case 'I2-SENT':
    case 'I2BIS-SENT': {
      const limit = context.state === 'I2-SENT' ? I2_RETRIES_MAX : I2bis_RETRIES_MAX;
      if (handshake.i2Retries >= limit) return fallBackToI1(core, now, handshake);
      handshake.i2Retries++;
      return transmitI2(core, now, handshake);
    }
    case 'E-FAILED':
    case 'NO-SUPPORT':
      return core.remove(context);
    default:
      return repeatI1(core, now, handshake);
  }
}

function repeatI1(core: Core, now: number, handshake: Handshake): void {
  const { I1_RETRIES_MAX, NO_R1_HOLDDOWN_TIME } = core.settings;
  if (handshake.i1Retries >= I1_RETRIES_MAX) {
    return becomeFailed(core, handshake.context, now + NO_R1_HOLDDOWN_TIME, 'no-response');
  }
  handshake.i1Retries++;
  sendI1(core, now, handshake);
}

/**
 * From I2-SENT and I2BIS-SENT to I1-SENT, RFC 5533 §7.12 and §7.19. In I1-SENT there is neither CT(peer) nor
 * Ls(peer): a context that was being recovered carries no payload until the exchange is through.
 */
export function fallBackToI1(core: Core, now: number, handshake: Handshake): void {
  const { context } = handshake;
  const recovering = context.state === 'I2BIS-SENT';
  handshake.i2 = undefined;
  // The peer may have taken it, and its R2 be lost or late.
  context.announced = handshake.told ?? context.announced;
  handshake.told = undefined;
  if (!recovering) return repeatI1(core, now, handshake);
  core.stopCarrying(context);
  core.table.forgetPeer(context);
  sendI1(core, now, handshake);
}
