/** Receiving control messages: the checks of RFC 5533 §12.3 and the lookups of §12.4, then the state table. */
import { type Address, isMulticast, isUnspecified } from '../wire/ipv6/address.ts';
import { DecodeError } from '../wire/octets.ts';
import {
  type ContextTag,
  criticalOption,
  decodeMessage,
  ErrorCode,
  type ErrorMessage,
  headerLength,
  type I1,
  type I2,
  type I2bis,
  type Keepalive,
  type Message,
  optionOffset,
  type Probe,
  type R1,
  type R1bis,
  type R2,
  TYPE_OFFSET,
  tagNumber,
  type UnknownMessage,
  type UpdateAcknowledgement,
  type UpdateRequest,
} from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { Received } from './received.ts';
import { acceptError } from './received-error.ts';
import type { TaggedPacket } from './recovery.ts';
import { addressee, answersUs } from './responder.ts';
import { onI1, onI2, onR1, onR1bis, onR2, onTagged, unknownTag } from './state-table.ts';
import { acceptAcknowledgement, acceptUpdate } from './update.ts';

/** A control message and the addresses of the IPv6 header that carried it. */
export interface ControlPacket {
  readonly source: Address;
  readonly destination: Address;
  /** From the Next Header octet of the SHIM6 header on. */
  readonly message: Uint8Array;
}

/** Never throws for what a packet holds. */
export function dispatch(core: Core, now: number, packet: ControlPacket): void {
  const { source, destination, message: bytes } = packet;
  if (!betweenHosts(core, packet)) return;
  const message = decode(core, bytes);
  if (message === undefined) return;
  const invoking = { now, source, destination, bytes };
  if (message.type === 'Unknown') {
    core.count('unknown-message');
    return core.errors.report(invoking, ErrorCode.UnknownMessageType, TYPE_OFFSET);
  }
  if (message.type !== 'Error') {
    const critical = criticalOption(message.options);
    if (critical >= 0) {
      core.count('critical-option');
      const offset = optionOffset(bytes, headerLength(message.type), critical);
      return core.errors.report(invoking, ErrorCode.CriticalOption, offset);
    }
  }
  deliver(core, { ...invoking, message });
}

/** A payload packet whose tag the data path does not know, or not from there: true when it is worth holding. */
export function dispatchPayload(core: Core, packet: TaggedPacket): boolean {
  if (!betweenHosts(core, packet)) return false;
  const context = core.table.withLocalTag(tagNumber(packet.tag));
  deliverTagged(core, packet, context);
  return core.table.hosts.isLocator(packet.destination) && context?.state !== 'I1-SENT';
}

type Addresses = Pick<ControlPacket, 'source' | 'destination'>;

function betweenHosts(core: Core, { source, destination }: Addresses): boolean {
  const unicast = (address: Address) => !isMulticast(address) && !isUnspecified(address);
  if (unicast(source) && unicast(destination)) return true;
  core.count('bad-address');
  return false;
}

function decode(core: Core, bytes: Uint8Array): Message | UnknownMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    core.count(error.code === 'checksum' ? 'bad-checksum' : 'malformed');
    return undefined;
  }
}

function deliver(core: Core, received: Received): void {
  const { message } = received;
  switch (message.type) {
    case 'I1':
      return deliverI1(core, received as Received<I1>);
    case 'I2':
    case 'I2bis':
      return deliverI2(core, received as Received<I2 | I2bis>);
    case 'R1': {
      const context = core.table.handshakes.get(message.initiatorNonce)?.context;
      return onR1[context?.state ?? 'IDLE'](core, received as Received<R1>, context!);
    }
    case 'R2': {
      const context = core.table.handshakes.get(message.initiatorNonce)?.context;
      return onR2[context?.state ?? 'IDLE'](core, received as Received<R2>, context!);
    }
    case 'R1bis': {
      const { source, destination } = received;
      const context = core.table.sendingWith(tagNumber(message.packetTag), destination, source);
      return onR1bis[context?.state ?? 'IDLE'](core, received as Received<R1bis>, context!);
    }
    case 'UpdateRequest': {
      const context = taggedContext(core, received, message.receiverTag);
      if (!context) return;
      core.effects.push({ kind: 'heard', context });
      return acceptUpdate(core, received as Received<UpdateRequest>, context);
    }
    case 'UpdateAcknowledgement': {
      const context = taggedContext(core, received, message.receiverTag);
      if (!context) return;
      core.effects.push({ kind: 'heard', context });
      return acceptAcknowledgement(core, received as Received<UpdateAcknowledgement>, context);
    }
    case 'Keepalive':
    case 'Probe':
      return deliverReachability(core, received, message);
    case 'Error':
      return acceptError(core, received as Received<ErrorMessage>);
  }
}

/** RFC 5534 §5.1: valid in ESTABLISHED alone. */
function deliverReachability(core: Core, received: Received, message: Keepalive | Probe): void {
  const { source, destination } = received;
  const context = taggedContext(core, received, message.receiverTag);
  if (context === undefined) return;
  if (context.state !== 'ESTABLISHED') return core.count(`ignored-${message.type}`);
  core.effects.push({ kind: 'reachability', context, source, destination, message });
}

function deliverI1(core: Core, received: Received<I1>): void {
  const to = addressee(core, received);
  if (to !== undefined) onI1[to.context?.state ?? 'IDLE'](core, received, to);
}

function deliverI2(core: Core, received: Received<I2 | I2bis>): void {
  const to = addressee(core, received);
  if (to !== undefined && answersUs(core, received, to))
    onI2[to.context?.state ?? 'IDLE'](core, received, to);
}

/** The context that a control message after establishment is for; undefined when it cannot be processed. */
function taggedContext(core: Core, received: Received, tag: ContextTag): Context | undefined {
  const { now, source, destination } = received;
  const context = core.table.withLocalTag(tagNumber(tag));
  return deliverTagged(core, { now, source, destination, tag }, context) ? context : undefined;
}

const deliverTagged = (core: Core, packet: TaggedPacket, context: Context | undefined): boolean =>
  context === undefined ? unknownTag(core, packet) : onTagged[context.state](core, packet, context);
