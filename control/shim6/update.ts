/** Updating the peer, RFC 5533 §10: what changed of our locators, told until acknowledged. */
import {
  type Option,
  tagFromNumber,
  type UpdateAcknowledgement,
  type UpdateRequest,
} from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { Timed } from './deadlines.ts';
import { type Announcement, locatorOptions, preferences, sameAnnouncement } from './local-host.ts';
import { locatorPair } from './locator-pairs.ts';
import { destinations, sameList } from './peer.ts';
import { verifyPeer } from './peer-verification.ts';
import type { Received } from './received.ts';

/** The one Update Request of a context that may be outstanding. */
export class Update implements Timed {
  readonly kind = 'update';
  readonly context: Context;
  readonly requestNonce: number;
  readonly announcement: Announcement;
  retries = 0;
  deadline = 0;
  heapIndex = -1;

  constructor(context: Context, requestNonce: number, announcement: Announcement) {
    this.context = context;
    this.requestNonce = requestNonce;
    this.announcement = announcement;
  }
}

/** Has the peer told, in its turn, what of our locators it does not know yet. */
export function queueUpdate(core: Core, context: Context): void {
  if (context.updateQueued || context.announced === context.host.current) return;
  context.updateQueued = true;
  core.updates.push(context);
}

/** Serves the next context in the queue. */
export function startNextUpdate(core: Core, now: number): void {
  const context = core.updates.shift();
  if (context === undefined) return;
  context.updateQueued = false;
  if (context.state !== 'ESTABLISHED' && context.state !== 'I2BIS-SENT') return;
  core.effects.push({ kind: 'changed', context });
  // Newer information replaces what is still unacknowledged (RFC 5533 §10.3): all of it is in the announcement.
  const outstanding = context.update;
  core.endUpdate(context);
  const { current } = context.host;
  if (outstanding === undefined && sameAnnouncement(context.announced, current)) {
    context.announced = current;
    return;
  }
  context.update = new Update(context, core.randomU32(), current);
  transmit(core, now, context.update);
}

/** Retransmission goes on until acknowledged or until the context is discarded (RFC 5533 §10.2). */
export function updateTimeout(core: Core, now: number, update: Update): void {
  update.retries++;
  transmit(core, now, update);
}

function transmit(core: Core, now: number, update: Update): void {
  const { context } = update;
  const sources = context.sources();
  if (sources.length > 0) {
    const to = destinations(context.peerList, context.peerLocator);
    const { source, destination } = locatorPair(sources, to, update.retries);
    core.send(source, destination, {
      type: 'UpdateRequest',
      receiverTag: tagFromNumber(context.peerTagNumber),
      requestNonce: update.requestNonce,
      options: updateOptions(core, update),
    });
  } else {
    core.count('no-update-source');
  }
  const { UPDATE_TIMEOUT, MAX_UPDATE_TIMEOUT } = core.settings;
  core.deadlines.set(update, now + core.backoff(UPDATE_TIMEOUT, update.retries, MAX_UPDATE_TIMEOUT));
}

/** The preferences alone while the peer has the list, else the list with its proof. */
function updateOptions(core: Core, { context, announcement }: Update): readonly Option[] {
  if (announcement.generation === context.announced.generation) return [preferences(announcement)];
  return locatorOptions(core, context.host, announcement);
}

/** Update Request in ESTABLISHED: verify, record, acknowledge (RFC 5533 §10.4). */
export function acceptUpdate(core: Core, received: Received<UpdateRequest>, context: Context): void {
  const { message, source, destination } = received;
  const { peerHost, peerList } = context;
  const known = { parameters: peerHost.parameters, list: peerList };
  const verified = verifyPeer(core, context.peer, received, known);
  if ('refused' in verified) {
    core.count(verified.refused);
    if (verified.error) core.errors.report(received, verified.error.code, verified.error.offset);
    return;
  }
  if (verified.parameters !== undefined) peerHost.parameters = verified.parameters;
  if (!sameList(peerList, verified.list)) {
    context.peerList = peerHost.share(verified.list);
    core.effects.push({ kind: 'changed', context });
  }
  core.send(destination, source, {
    type: 'UpdateAcknowledgement',
    receiverTag: tagFromNumber(context.peerTagNumber),
    requestNonce: message.requestNonce,
    options: [],
  });
}

/** Update Acknowledgement: its locators may be used as source from now on (RFC 5533 §10.5). */
export function acceptAcknowledgement(
  core: Core,
  { message }: Received<UpdateAcknowledgement>,
  context: Context,
): void {
  const { update } = context;
  if (update === undefined || update.requestNonce !== message.requestNonce) {
    return core.count('unmatched-acknowledgement');
  }
  const newLocators = context.announced.generation !== update.announcement.generation;
  context.announced = update.announcement;
  core.endUpdate(context);
  if (newLocators) core.effects.push({ kind: 'changed', context });
}
