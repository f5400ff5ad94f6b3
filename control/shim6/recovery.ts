/** Context recovery, RFC 5533 §7.5 and §7.17 to §7.19: R1bis for what refers to no context of ours, I2bis for R1bis. */
import type { Address } from '../wire/ipv6/address.ts';
import { type ContextTag, findOption, type I2bis, type R1bis, tagFromNumber } from '../wire/shim6/index.ts';
import { encodeTelling } from './announcing.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import { namingOptions } from './establish.ts';
import { beginHandshake, type Handshake, initiatorNonce } from './handshake.ts';
import { fallBackToI1, transmitI2 } from './initiator.ts';
import { listsAddress } from './local-host.ts';
import { destinations } from './peer.ts';
import type { Received } from './received.ts';

/** A packet with a Receiver Context Tag, whether payload or control. */
export interface TaggedPacket {
  readonly now: number;
  readonly source: Address;
  readonly destination: Address;
  readonly tag: ContextTag;
}

/** Tells the sender that we have no context for its tag, and remembers nothing. */
export function sendR1bis(core: Core, { now, source, destination, tag }: TaggedPacket): void {
  if (!core.table.hosts.isLocator(destination)) return core.count('not-for-us');
  if (!core.recoveries.admits(now)) return core.count('R1bis-suppressed');
  const fields = { packetTag: tag, initiatorLocator: source, responderLocator: destination };
  const { responderNonce, validator } = core.validators.issue(now, fields);
  core.send(destination, source, {
    type: 'R1bis',
    packetTag: tag,
    responderNonce,
    options: [{ type: 'ResponderValidator', validator }],
  });
}

/**
 * R1bis in ESTABLISHED: the peer has lost the context, or does not know the locator we sent from. CT(peer) stays as it
 * is; I2bis goes out on the pair of the R1bis.
 */
export function sendI2bis(core: Core, received: Received<R1bis>, context: Context): void {
  const { message, source, destination, now } = received;
  const validator = findOption(message, 'ResponderValidator');
  if (validator === undefined || !context.host.hasLocator(destination)) return core.count('unmatched-R1bis');
  const handshake = beginHandshake(context, destinations(context.peerList, source));
  const i2bis: I2bis = {
    type: 'I2bis',
    initiatorTag: tagFromNumber(context.localTagNumber),
    initiatorNonce: initiatorNonce(core, handshake, source),
    responderNonce: message.responderNonce,
    packetTag: message.packetTag,
    options: [validator, ...namingOptions(context)],
  };
  // It tells how things stand now: an Update Request under way has no receiver, or is in here.
  const { current } = context.host;
  const telling = encodeTelling(core, context.host, current, destination, i2bis);
  core.endUpdate(context);
  context.state = 'I2BIS-SENT';
  // I2 has a little more room, and may be sent from elsewhere.
  if (telling === undefined) return fallBackToI1(core, now, handshake);
  handshake.told = telling.announcement;
  handshake.tells(telling.announcement);
  handshake.i2 = { source: destination, destination: source, message: telling.bytes, at: now };
  core.effects.push({ kind: 'changed', context });
  transmitI2(core, now, handshake);
}

/**
 * A tagged packet in I2-SENT or I2BIS-SENT: probably R2 was sent and lost, so our message goes out again. Not for each
 * packet of a burst; and the timeout stays what it was, so that whatever arrives the exchange comes to an end.
 */
export function repeatI2(core: Core, now: number, { i2 }: Handshake): void {
  if (now - i2!.at < core.settings.I2_TIMEOUT / 4) return;
  i2!.at = now;
  core.sendBytes(i2!.source, i2!.destination, i2!.message);
}

/** Whether both ends of the packet are locators of the context's ends, RFC 5533 §10.4 and §12.4. */
export const onItsLocators = (context: Context, { source, destination }: TaggedPacket): boolean =>
  context.receivesAt(destination) && listsAddress(context.peerList.locators, source);
