/** The responder's side of an establishment, RFC 5533 §7.9, §7.10, §7.13 and §7.14. No state before a valid I2. */
import { type Address, addressKey, isLinkLocal, isMulticast, isUnspecified } from '../wire/ipv6/address.ts';
import { findOption, type I1, type I2, tagNumber } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import { becomeEstablished, recordPeer, sendR2, setPair } from './establish.ts';
import { type Host, listsAddress } from './local-host.ts';
import { type VerifiedPeer, verifyPeer } from './peer-verification.ts';
import type { Received } from './received.ts';
import { issuedAfter, type ValidatedFields } from './responder-validator.ts';
import { queueUpdate } from './update.ts';

/** Whom an I1 or I2 is for and from, by its ULID pair. */
export interface Addressee {
  readonly host: Host;
  /** ULID(peer). */
  readonly initiator: Address;
  readonly context: Context | undefined;
}

/** The addressee of an I1 or I2; undefined, counted, when it is none of our hosts. */
export function addressee(core: Core, received: Received<I1 | I2>): Addressee | undefined {
  const { message, source, destination } = received;
  const pair = findOption(message, 'UlidPair') ?? { sender: source, receiver: destination };
  const host = core.table.hosts.get(addressKey(pair.receiver));
  const initiator = pair.sender;
  const unusable = isMulticast(initiator) || isUnspecified(initiator) || isLinkLocal(initiator);
  if (host === undefined || unusable || !host.hasLocator(destination)) {
    core.count('not-for-us');
    return undefined;
  }
  if ((findOption(message, 'ForkedInstanceIdentifier')?.identifier ?? 0) !== 0) {
    core.count('ignored-forked');
    return undefined;
  }
  return { host, initiator, context: core.table.find(host, initiator) };
}

const validatedFields = (received: Received<I1 | I2>, { host, initiator }: Addressee): ValidatedFields => ({
  initiatorTag: received.message.initiatorTag,
  initiatorNonce: received.message.initiatorNonce,
  initiatorUlid: initiator,
  responderUlid: host.ulid,
  initiatorLocator: received.source,
  responderLocator: received.destination,
  forkedInstance: 0,
});

/** I1 in IDLE and wherever the initiator is not known to be the peer: send R1, remember nothing. */
export function sendR1(core: Core, received: Received<I1>, to: Addressee): void {
  const { now, source, destination, message } = received;
  const { responderNonce, validator } = core.validators.issue(now, validatedFields(received, to));
  core.send(destination, source, {
    type: 'R1',
    initiatorNonce: message.initiatorNonce,
    responderNonce,
    options: [{ type: 'ResponderValidator', validator }],
  });
}

/**
 * I1 in I1-SENT, I2-SENT and I2BIS-SENT: both sides initiate, send R2 (RFC 5533 §7.4). R2 tells our tag and is ten
 * times as long as I1, so it goes only to locators at which we seek the peer ourselves; any other gets an R1, and
 * the exchange completes by I2.
 */
export function answerCrossingI1(core: Core, received: Received<I1>, to: Addressee): void {
  const context = to.context!;
  const sought =
    context.handshake?.hasCandidate(received.source) === true ||
    listsAddress(context.peerList.locators, received.source);
  if (sought) sendR2(core, context, received);
  else sendR1(core, received, to);
}

/** I1 in ESTABLISHED: its own tag from its own locator means that our R2 was lost; else the peer lost the context. */
export function answerI1(core: Core, received: Received<I1>, to: Addressee): void {
  const context = to.context!;
  const listed = listsAddress(context.peerList.locators, received.source);
  if (listed && tagNumber(received.message.initiatorTag) === context.peerTagNumber)
    sendR2(core, context, received);
  else sendR1(core, received, to);
}

/** I2 in IDLE, E-FAILED and NO-SUPPORT: create the context in ESTABLISHED and send R2. */
export function createContext(core: Core, received: Received<I2>, to: Addressee): void {
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined) return;
  if (to.context !== undefined) core.remove(to.context);
  if (core.table.size >= core.settings.maximumContexts) return core.count('table-full');
  const context = core.table.add(to.host, to.initiator, received.now);
  if (!recordPeer(core, context, tagNumber(received.message.initiatorTag), verified)) {
    core.remove(context);
    return;
  }
  core.table.setLocalTag(context, core.freshTag());
  completeByI2(core, received, context);
}

/** I2 in I1-SENT: the peer was faster; take its information, send R2, move to ESTABLISHED. */
export function completeContext(core: Core, received: Received<I2>, to: Addressee): void {
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined) return;
  if (!recordPeer(core, to.context!, tagNumber(received.message.initiatorTag), verified)) return;
  completeByI2(core, received, to.context!);
}

/** The context comes to stand before R2 tells the peer: what the peer then sends finds it. */
function completeByI2(core: Core, received: Received<I2>, context: Context): void {
  becomeEstablished(core, context, received.now, { local: received.destination, peer: received.source });
  sendR2(core, context, received);
  context.newestNonce = received.message.responderNonce | 0;
}

/** I2 in I2-SENT and I2BIS-SENT: take its information and send R2; our own R2 is still to come. */
export function answerCrossingI2(core: Core, received: Received<I2>, to: Addressee): void {
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined) return;
  if (!recordPeer(core, to.context!, tagNumber(received.message.initiatorTag), verified)) return;
  sendR2(core, to.context!, received);
}

/**
 * I2 in ESTABLISHED. With the tag we have it is a retransmission: repeat R2, change nothing. With another tag the
 * peer has lost the context and made a new one, unless the I2 answers an older R1 than the last we took: then it is
 * a replay, and must not bring back a tag that the peer no longer knows.
 */
export function refreshContext(core: Core, received: Received<I2>, to: Addressee): void {
  const context = to.context!;
  const { message, source, destination } = received;
  const tag = tagNumber(message.initiatorTag);
  if (tag === context.peerTagNumber) {
    if (!listsAddress(context.peerList.locators, source)) return core.count('source-not-listed');
    return sendR2(core, context, received);
  }
  if (!issuedAfter(message.responderNonce, context.newestNonce)) return core.count('replayed-I2');
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined || !recordPeer(core, context, tag, verified)) return;
  context.newestNonce = message.responderNonce | 0;
  // The peer has forgotten what it was told: tell it how things stand now.
  core.endUpdate(context);
  context.announced = context.host.current;
  setPair(context, { local: destination, peer: source });
  sendR2(core, context, received);
  core.effects.push({ kind: 'changed', context });
  queueUpdate(core, context);
}

/** True when the I2 answers an R1 of ours (RFC 5533 §7.13); asked before anything else is believed. */
export function answersR1(core: Core, received: Received<I2>, to: Addressee): boolean {
  const { message, now } = received;
  const validator = findOption(message, 'ResponderValidator')?.validator;
  if (validator !== undefined) {
    const fields = validatedFields(received, to);
    if (core.validators.holds(now, fields, message.responderNonce, validator)) return true;
  }
  core.count('bad-validator');
  return false;
}

/** The initiator's proved locators, the one it sent from among them; undefined, counted, otherwise. */
function verifyInitiator(core: Core, received: Received<I2>, to: Addressee): VerifiedPeer | undefined {
  const verified = verifyPeer(core, to.initiator, received);
  if ('refused' in verified) {
    core.count(verified.refused);
    if (verified.error) core.errors.report(received, verified.error.code, verified.error.offset);
    return undefined;
  }
  if (!listsAddress(verified.list.locators, received.source)) {
    core.count('source-not-listed');
    return undefined;
  }
  return verified;
}
