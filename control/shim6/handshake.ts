/** The initiator's side of an establishment, RFC 5533 §7.7 to §7.12 and §7.16. Dropped once ESTABLISHED. */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import { findOption, type I2, type R1, type R2, tagFromNumber, tagNumber } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { Timed } from './deadlines.ts';
import type { FailureReason } from './effects.ts';
import {
  becomeEstablished,
  becomeFailed,
  encodeAnnouncing,
  recordPeer,
  ulidPairOption,
} from './establish.ts';
import { listsAddress } from './local-host.ts';
import { type LocatorPair, locatorPair } from './locator-pairs.ts';
import { verifyPeer } from './peer-verification.ts';
import type { Received } from './received.ts';

export class Handshake implements Timed {
  readonly kind = 'handshake';
  readonly context: Context;
  /** Peer locators learned elsewhere, to send I1 to; not proved. */
  readonly candidates: readonly Address[];
  readonly initiatorNonce: number;
  /** Retransmissions so far. Those of I1 are not forgotten when I2 falls back to I1, so that an end comes. */
  i1Retries = 0;
  i2Retries = 0;
  /** I2 as sent, for its retransmissions: the responder's validator binds it to the pair of its R1. */
  i2: (LocatorPair & { readonly message: Uint8Array }) | undefined = undefined;
  deadline = 0;
  heapIndex = -1;

  constructor(context: Context, candidates: readonly Address[], initiatorNonce: number) {
    this.context = context;
    this.candidates = candidates;
    this.initiatorNonce = initiatorNonce;
  }

  hasCandidate(address: Address): boolean {
    return this.candidates.some((candidate) => equalAddress(candidate, address));
  }
}

/** Heuristics trigger a new context establishment. */
export function establish(
  core: Core,
  now: number,
  local: Address,
  peer: Address,
  peerLocators: readonly Address[],
): void {
  const fail = (reason: FailureReason, holddownUntil = now) => {
    core.effects.push({ kind: 'failed', local, peer, reason, holddownUntil });
  };
  const host = core.table.host(local);
  if (host === undefined) return fail('unknown-host');
  const existing = core.table.find(host, peer);
  if (existing !== undefined) {
    if (existing.state === 'E-FAILED') fail('no-response', existing.handshake!.deadline);
    return;
  }
  if (peerLocators.length === 0) return fail('no-peer-locator');
  if (host.usableLocators().length === 0) return fail('no-usable-locator');
  if (core.table.size >= core.settings.maximumContexts) {
    core.count('table-full');
    return fail('table-full');
  }
  const context = core.table.add(host, peer, now);
  core.table.setLocalTag(context, core.freshTag());
  const candidates = peerLocators.slice(0, core.settings.maximumLocators);
  const handshake = new Handshake(context, candidates, freshNonce(core));
  context.handshake = handshake;
  core.table.handshakes.set(handshake.initiatorNonce, handshake);
  sendI1(core, now, handshake);
}

function freshNonce(core: Core): number {
  for (;;) {
    const nonce = core.randomU32();
    if (!core.table.handshakes.has(nonce)) return nonce;
  }
}

function sendI1(core: Core, now: number, handshake: Handshake): void {
  const { context } = handshake;
  context.state = 'I1-SENT';
  const sources = context.sources();
  // With no uplink left there is nothing to send on; the retransmission after the next may find one.
  if (sources.length > 0) {
    const { source, destination } = locatorPair(sources, handshake.candidates, handshake.i1Retries);
    core.send(source, destination, {
      type: 'I1',
      initiatorTag: tagFromNumber(context.localTagNumber),
      initiatorNonce: handshake.initiatorNonce,
      options: [ulidPairOption(context)],
    });
  }
  core.deadlines.set(handshake, now + core.backoff(core.settings.I1_TIMEOUT, handshake.i1Retries));
}

/** R1 in I1-SENT: send I2 and move to I2-SENT. */
export function sendI2(core: Core, received: Received<R1>, context: Context): void {
  const handshake = context.handshake!;
  const { message, source, destination } = received;
  const validator = findOption(message, 'ResponderValidator');
  const known = handshake.hasCandidate(source) && context.host.hasLocator(destination);
  if (validator === undefined || !known) return core.count('unmatched-R1');
  const i2: I2 = {
    type: 'I2',
    initiatorTag: tagFromNumber(context.localTagNumber),
    initiatorNonce: handshake.initiatorNonce,
    responderNonce: message.responderNonce,
    options: [validator, ulidPairOption(context)],
  };
  const bytes = encodeAnnouncing(core, context, i2);
  if (bytes === undefined) return;
  handshake.i2 = { source: destination, destination: source, message: bytes };
  handshake.i2Retries = 0;
  context.state = 'I2-SENT';
  transmitI2(core, received.now, handshake);
}

function transmitI2(core: Core, now: number, handshake: Handshake): void {
  const { source, destination, message } = handshake.i2!;
  core.sendBytes(source, destination, message);
  core.deadlines.set(handshake, now + core.backoff(core.settings.I2_TIMEOUT, handshake.i2Retries));
}

/** R2 in I1-SENT, I2-SENT or I2BIS-SENT: verify, record, move to ESTABLISHED. */
export function acceptR2(core: Core, received: Received<R2>, context: Context): void {
  const { message, source, destination, now } = received;
  const known = context.handshake!.hasCandidate(source) || listsAddress(context.peerList.locators, source);
  if (!known || !context.host.hasLocator(destination)) return core.count('unmatched-R2');
  const verified = verifyPeer(core, context.peer, received);
  if ('refused' in verified) return core.count(verified.refused);
  if (!listsAddress(verified.list.locators, source)) return core.count('source-not-listed');
  if (!recordPeer(core, context, tagNumber(message.responderTag), verified)) return;
  becomeEstablished(core, context, now, { local: destination, peer: source });
}

/** The timeout rows of RFC 5533 Appendix B, and the end of a holddown. */
export function handshakeTimeout(core: Core, now: number, handshake: Handshake): void {
  const { context } = handshake;
  const { I1_RETRIES_MAX, I2_RETRIES_MAX, NO_R1_HOLDDOWN_TIME } = core.settings;
  switch (context.state) {
    case 'I2-SENT':
      if (handshake.i2Retries < I2_RETRIES_MAX) {
        handshake.i2Retries++;
        transmitI2(core, now, handshake);
        return;
      }
      break;
    case 'E-FAILED':
      core.remove(context);
      return;
  }
  if (handshake.i1Retries < I1_RETRIES_MAX) {
    handshake.i1Retries++;
    sendI1(core, now, handshake);
  } else {
    becomeFailed(core, context, now + NO_R1_HOLDDOWN_TIME);
  }
}
