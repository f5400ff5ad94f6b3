/** Updating the peer, RFC 5533 §10: what changed of our locators, told until acknowledged. */
import type { Address } from '../wire/ipv6/address.ts';
import { tagFromNumber, type UpdateAcknowledgement, type UpdateRequest } from '../wire/shim6/index.ts';
import { encodeTelling, type Telling } from './announcing.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { Timed } from './deadlines.ts';
import { resolveConfusion } from './establish.ts';
import { type Announcement, sameAnnouncement } from './local-host.ts';
import { preferences } from './locator-options.ts';
import { locatorPair } from './locator-pairs.ts';
import { destinations, sameList } from './peer.ts';
import { refuse, verifyPeer } from './peer-verification.ts';
import type { Received } from './received.ts';

/** The one Update Request of a context that may be outstanding. */
export class Update implements Timed {
  readonly kind = 'update';
  readonly context: Context;
  readonly requestNonce: number;
  readonly announcement: Announcement;
  /** The list goes with its preferences even where the peer should have it. */
  readonly whole: boolean;
  /** What was sent last: where it does not fit, less than the announcement. */
  told: Announcement;
  retries = 0;
  /** An earlier request may still be on its way, and undo this one when it arrives after it. */
  doubtful = false;
  deadline = 0;
  heapIndex = -1;

  constructor(context: Context, requestNonce: number, announcement: Announcement, whole = false) {
    this.context = context;
    this.requestNonce = requestNonce;
    this.announcement = announcement;
    this.told = announcement;
    this.whole = whole || announcement.generation !== context.announced.generation;
  }
}

/** Has the peer told, in its turn, what of our locators it does not know yet. */
export function queueUpdate(core: Core, context: Context): void {
  const carries = context.state === 'ESTABLISHED' || context.state === 'I2BIS-SENT';
  if (context.updateQueued || !carries || context.announced === context.host.current) return;
  context.updateQueued = true;
  core.updates.push(context);
}

/** Serves the next context in the queue; false when none may go. */
export function startNextUpdate(core: Core, now: number): boolean {
  const context = core.updates.shift();
  if (context === undefined) return false;
  context.updateQueued = false;
  startUpdate(core, now, context);
  return true;
}

function startUpdate(core: Core, now: number, context: Context): void {
  if (context.state !== 'ESTABLISHED' && context.state !== 'I2BIS-SENT') return;
  core.effects.push({ kind: 'changed', context });
  // A peer that has lost the context is told once it is recovered.
  if (context.state === 'I2BIS-SENT') return;
  // Newer information replaces what is still unacknowledged (RFC 5533 §10.3): all of it is in the announcement.
  const outstanding = context.update;
  core.endUpdate(context);
  const { current } = context.host;
  if (outstanding === undefined && sameAnnouncement(context.announced, current)) {
    context.announced = current;
    return;
  }
  context.update = new Update(context, core.randomU32(), current);
  context.update.doubtful = outstanding !== undefined || now - context.toldAt < core.settings.UPDATE_TIMEOUT;
  transmit(core, now, context.update);
}

/** Begins anew with the list, for a peer that has another than we thought. */
export function repeatWhole(core: Core, now: number, { context, announcement }: Update): void {
  core.endUpdate(context);
  context.update = new Update(context, core.randomU32(), announcement, true);
  transmit(core, now, context.update);
}

/** Retransmission goes on until acknowledged or until the context is discarded (RFC 5533 §10.2). */
export function updateTimeout(core: Core, now: number, update: Update): void {
  update.retries++;
  transmit(core, now, update);
}

function transmit(core: Core, now: number, update: Update): void {
  const { context } = update;
  const known = context.sources();
  // The peer knows none of our working locators: from an unknown one it answers R1bis, and learns of it by I2bis.
  const sources = known.length > 0 ? known : context.host.usableLocators();
  if (sources.length > 0) {
    const to = destinations(context.peerList, context.peerLocator);
    const { source, destination } = locatorPair(sources, to, update.retries);
    const telling = encodeUpdate(core, update, source);
    if (telling !== undefined) {
      update.told = telling.announcement;
      context.toldAt = Math.floor(now);
      core.sendBytes(source, destination, telling.bytes, context);
    }
  } else {
    core.count('no-update-source');
  }
  const { UPDATE_TIMEOUT, MAX_UPDATE_TIMEOUT } = core.settings;
  core.deadlines.set(update, now + core.backoff(UPDATE_TIMEOUT, update.retries, MAX_UPDATE_TIMEOUT));
}

/** The preferences alone while the peer has the list, else the list with its proof. */
function encodeUpdate(core: Core, update: Update, source: Address): Telling | undefined {
  const { context, announcement, requestNonce } = update;
  const message: UpdateRequest = {
    type: 'UpdateRequest',
    receiverTag: tagFromNumber(context.peerTagNumber),
    requestNonce,
    options: [],
  };
  if (update.whole) return encodeTelling(core, context.host, announcement, source, message);
  const bytes = core.encode({ ...message, options: [preferences(announcement)] });
  return bytes && { bytes, announcement };
}

/** Update Request in ESTABLISHED: verify, record, acknowledge (RFC 5533 §10.4). */
export function acceptUpdate(core: Core, received: Received<UpdateRequest>, context: Context): void {
  const { message, source, destination } = received;
  const { peerHost, peerList } = context;
  const known = { parameters: peerHost.parameters, list: peerList };
  const verified = verifyPeer(core, context.peer, received, known);
  if ('refused' in verified) return refuse(core, received, verified);
  if (verified.parameters !== undefined) peerHost.parameters = verified.parameters;
  peerHost.keepaliveTimeout = verified.keepaliveTimeout ?? peerHost.keepaliveTimeout;
  if (!sameList(peerList, verified.list)) {
    if (!resolveConfusion(core, context, context.peerTagNumber, verified.list)) return;
    context.peerList = peerHost.share(verified.list);
    core.effects.push({ kind: 'changed', context });
  }
  const acknowledgement: UpdateAcknowledgement = {
    type: 'UpdateAcknowledgement',
    receiverTag: tagFromNumber(context.peerTagNumber),
    requestNonce: message.requestNonce,
    options: [],
  };
  core.send(destination, source, acknowledgement, context);
}

/** Update Acknowledgement: its locators may be used as source from now on (RFC 5533 §10.5). */
export function acceptAcknowledgement(
  core: Core,
  { message, now }: Received<UpdateAcknowledgement>,
  context: Context,
): void {
  const { update } = context;
  if (update === undefined || update.requestNonce !== message.requestNonce) {
    return core.count('unmatched-acknowledgement');
  }
  const newLocators = context.announced.generation !== update.told.generation;
  context.announced = update.told;
  core.endUpdate(context);
  if (newLocators) core.effects.push({ kind: 'changed', context });
  // Preferences that the list left no room for follow by themselves. Locators that never fit do not.
  if (update.told.generation === context.host.current.generation) queueUpdate(core, context);
  if (update.doubtful) confirmLater(core, now, context);
}

/**
 * Nothing in an Update Request says which of two is newer: one that was delayed brings back what has been replaced.
 * When none can be on its way any more, the peer is told once more.
 */
function confirmLater(core: Core, now: number, context: Context): void {
  const confirmation = new Update(context, core.randomU32(), context.host.current, true);
  confirmation.retries = -1;
  context.update = confirmation;
  core.deadlines.set(confirmation, now + core.settings.UPDATE_TIMEOUT);
}
