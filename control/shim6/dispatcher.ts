/** Receiving control messages: the checks of RFC 5533 §12.3 and the lookups of §12.4, then the state table. */
import { type Address, isMulticast, isUnspecified } from '../wire/ipv6/address.ts';
import { DecodeError } from '../wire/octets.ts';
import {
  criticalOption,
  decodeMessage,
  ErrorCode,
  headerLength,
  type I1,
  type I2,
  type Message,
  optionOffset,
  type R1,
  type R2,
  TYPE_OFFSET,
  tagNumber,
  type UnknownMessage,
  type UpdateAcknowledgement,
  type UpdateRequest,
} from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import { listsAddress } from './local-host.ts';
import type { Received } from './received.ts';
import { addressee, answersR1 } from './responder.ts';
import { onI1, onI2, onR1, onR2, onUpdateAcknowledgement, onUpdateRequest } from './state-table.ts';

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
  if (!isUnicast(source) || !isUnicast(destination)) return core.count('bad-address');
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

const isUnicast = (address: Address): boolean => !isMulticast(address) && !isUnspecified(address);

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
      return deliverI2(core, received as Received<I2>);
    case 'R1': {
      const context = core.table.handshakes.get(message.initiatorNonce)?.context;
      return onR1[context?.state ?? 'IDLE'](core, received as Received<R1>, context!);
    }
    case 'R2': {
      const context = core.table.handshakes.get(message.initiatorNonce)?.context;
      return onR2[context?.state ?? 'IDLE'](core, received as Received<R2>, context!);
    }
    case 'UpdateRequest': {
      const context = taggedContext(core, received as Received<UpdateRequest>);
      if (context) onUpdateRequest[context.state](core, received as Received<UpdateRequest>, context);
      return;
    }
    case 'UpdateAcknowledgement': {
      const context = taggedContext(core, received as Received<UpdateAcknowledgement>);
      if (context)
        onUpdateAcknowledgement[context.state](core, received as Received<UpdateAcknowledgement>, context);
      return;
    }
    default:
      core.count(`ignored-${message.type}`);
  }
}

function deliverI1(core: Core, received: Received<I1>): void {
  const to = addressee(core, received);
  if (to !== undefined) onI1[to.context?.state ?? 'IDLE'](core, received, to);
}

function deliverI2(core: Core, received: Received<I2>): void {
  const to = addressee(core, received);
  if (to !== undefined && answersR1(core, received, to))
    onI2[to.context?.state ?? 'IDLE'](core, received, to);
}

/**
 * The context with CT(local) equal to the message's tag, if both addresses are locators of its ends; otherwise the
 * sender holds a context that we do not (RFC 5533 §10.4), counted.
 */
function taggedContext(
  core: Core,
  received: Received<UpdateRequest | UpdateAcknowledgement>,
): Context | undefined {
  const { message, source, destination } = received;
  const context = core.table.withLocalTag(tagNumber(message.receiverTag));
  if (context === undefined) {
    core.count('unknown-tag');
    return undefined;
  }
  const ours = context.host.hasLocator(destination) || listsAddress(context.announced.locators, destination);
  if (ours && listsAddress(context.peerList.locators, source)) return context;
  core.count('stale-tag');
  return undefined;
}
