/**
 * The responder's side of an establishment or a recovery, RFC 5533 §7.9, §7.10, §7.13, §7.14 and §7.20. No state before
 * a valid I2 or I2bis.
 */
import { type Address, isLinkLocal, isMulticast, isUnspecified } from '../wire/ipv6/address.ts';
import { type ContextTag, findOption, type I1, type I2, type I2bis, tagNumber } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import { becomeEstablished, knownPeer, recordPeer, sendR2, setPair } from './establish.ts';
import { type Host, listsAddress } from './local-host.ts';
import { refuse, type VerifiedPeer, verifyPeer } from './peer-verification.ts';
import type { Received } from './received.ts';
import { issuedAfter, type RecoveryFields, type ValidatedFields } from './responder-validator.ts';

/** Whom an I1, I2 or I2bis is for and from, by its ULID pair and Forked Instance Identifier. */
export interface Addressee {
  readonly host: Host;
  /** ULID(peer). */
  readonly initiator: Address;
  readonly fork: number;
  readonly context: Context | undefined;
}

/** The addressee; undefined, counted, when it is none of our hosts or one fork too many. */
export function addressee(core: Core, received: Received<I1 | I2 | I2bis>): Addressee | undefined {
  const { message, source, destination } = received;
  const pair = findOption(message, 'UlidPair') ?? { sender: source, receiver: destination };
  const host = core.table.hosts.find(pair.receiver);
  const initiator = pair.sender;
  const unusable = isMulticast(initiator) || isUnspecified(initiator) || isLinkLocal(initiator);
  if (host === undefined || unusable || !host.hasLocator(destination)) {
    core.count('not-for-us');
    return undefined;
  }
  const fork = findOption(message, 'ForkedInstanceIdentifier')?.identifier ?? 0;
  const context = core.table.find(host, initiator, fork);
  const isNewFork = fork !== 0 && context === undefined;
  if (isNewFork && core.table.forks(host, initiator) >= core.settings.maximumForks) {
    core.count('too-many-forks');
    return undefined;
  }
  return { host, initiator, fork, context };
}

const validatedFields = (received: Received<I1 | I2>, to: Addressee): ValidatedFields => ({
  initiatorTag: received.message.initiatorTag,
  initiatorNonce: received.message.initiatorNonce,
  initiatorUlid: to.initiator,
  responderUlid: to.host.ulid,
  initiatorLocator: received.source,
  responderLocator: received.destination,
  forkedInstance: to.fork,
});

const recoveryFields = ({ message, source, destination }: Received<I2bis>): RecoveryFields => ({
  packetTag: message.packetTag,
  initiatorLocator: source,
  responderLocator: destination,
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

/** True when the I2 or I2bis answers an R1 or R1bis of ours (RFC 5533 §7.13, §7.20); asked before all else. */
export function answersUs(core: Core, received: Received<I2 | I2bis>, to: Addressee): boolean {
  const { message, now } = received;
  const validator = findOption(message, 'ResponderValidator')?.validator;
  if (validator !== undefined) {
    const fields =
      message.type === 'I2'
        ? validatedFields(received as Received<I2>, to)
        : recoveryFields(received as Received<I2bis>);
    if (core.validators.holds(now, fields, message.responderNonce, validator)) return true;
  }
  core.count('bad-validator');
  return false;
}

/** The tag to which payload was held that the I2bis recovers. */
const recoveredTag = (message: I2 | I2bis): ContextTag | undefined =>
  message.type === 'I2bis' ? message.packetTag : undefined;

/** I2 or I2bis in IDLE, E-FAILED and NO-SUPPORT: create the context in ESTABLISHED and send R2. */
export function createContext(core: Core, received: Received<I2 | I2bis>, to: Addressee): void {
  const isFull = core.table.size >= core.settings.maximumContexts;
  if (isFull && to.context === undefined) return core.count('table-full');
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined) return;
  if (to.context !== undefined) core.remove(to.context);
  const context = core.table.add(to.host, to.initiator, to.fork, received.now);
  if (!recordPeer(core, context, tagNumber(received.message.initiatorTag), verified)) {
    core.remove(context);
    return;
  }
  // Not the Packet Context Tag of an I2bis: a tag that was lost is not to come back.
  core.table.setLocalTag(context, core.freshTag());
  completeByI2(core, received, context);
}

/** I2 or I2bis in I1-SENT: the peer was faster; take its information, send R2, move to ESTABLISHED. */
export function completeContext(core: Core, received: Received<I2 | I2bis>, to: Addressee): void {
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined) return;
  if (!recordPeer(core, to.context!, tagNumber(received.message.initiatorTag), verified)) return;
  completeByI2(core, received, to.context!);
}

/** The context comes to stand before R2 tells the peer: what the peer then sends finds it. */
function completeByI2(core: Core, received: Received<I2 | I2bis>, context: Context): void {
  const { message, source, destination, now } = received;
  // R2 is the first that the peer hears of us, however long ago our own I1 was.
  context.announced = context.host.current;
  becomeEstablished(core, context, now, { local: destination, peer: source }, recoveredTag(message));
  sendR2(core, context, received);
  context.newestNonce = message.responderNonce | 0;
}

/** I2 or I2bis in I2-SENT and I2BIS-SENT: take its information and send R2; our own R2 is still to come. */
export function answerCrossingI2(core: Core, received: Received<I2 | I2bis>, to: Addressee): void {
  const context = to.context!;
  if (isRepeated(core, received, context)) return sendR2(core, context, received);
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined) return;
  if (!recordPeer(core, context, tagNumber(received.message.initiatorTag), verified)) return;
  sendR2(core, context, received);
}

/**
 * I2 or I2bis in ESTABLISHED. A retransmission is answered as before. Otherwise the peer has lost the context and made
 * a new one, or has moved, unless the message answers an older R1 than the last we took: then it is a replay, and
 * must not bring back a tag that the peer no longer knows.
 */
export function refreshContext(core: Core, received: Received<I2 | I2bis>, to: Addressee): void {
  const context = to.context!;
  const { message, source, destination } = received;
  if (isRepeated(core, received, context)) return sendR2(core, context, received);
  if (!issuedAfter(message.responderNonce, context.newestNonce)) {
    // Both sides initiated, and our R2 came before this I2 that answers an R1 sent earlier: R2 is due all the same.
    const isCurrent = tagNumber(message.initiatorTag) === context.peerTagNumber;
    if (isCurrent && listsAddress(context.peerList.locators, source)) return sendR2(core, context, received);
    return core.count('replayed-I2');
  }
  const verified = verifyInitiator(core, received, to);
  if (verified === undefined) return;
  if (!recordPeer(core, context, tagNumber(message.initiatorTag), verified)) return;
  context.newestNonce = message.responderNonce | 0;
  // The peer has forgotten what it was told: R2 tells it how things stand now.
  core.endUpdate(context);
  context.announced = context.host.current;
  setPair(context, { local: destination, peer: source });
  const recovered = recoveredTag(message);
  core.effects.push({ kind: 'changed', context, ...(recovered && { recovered }) });
  sendR2(core, context, received);
}

/** True for the retransmission of a message that this context has taken: its R2 was lost. */
const isRepeated = (core: Core, { message, source }: Received<I2 | I2bis>, context: Context): boolean =>
  core.validators.isUsed(message.responderNonce) &&
  tagNumber(message.initiatorTag) === context.peerTagNumber &&
  listsAddress(context.peerList.locators, source);

/** The initiator's proved locators, the one it sent from among them; undefined, counted, otherwise. */
function verifyInitiator(
  core: Core,
  received: Received<I2 | I2bis>,
  to: Addressee,
): VerifiedPeer | undefined {
  const { responderNonce } = received.message;
  if (core.validators.isUsed(responderNonce)) {
    core.count('replayed-I2');
    return undefined;
  }
  const known = to.context && knownPeer(to.context);
  const verified = verifyPeer(core, to.initiator, received, known);
  if ('refused' in verified) {
    refuse(core, received, verified);
    return undefined;
  }
  if (!listsAddress(verified.list.locators, received.source)) {
    core.count('source-not-listed');
    return undefined;
  }
  core.validators.use(responderNonce);
  return verified;
}
