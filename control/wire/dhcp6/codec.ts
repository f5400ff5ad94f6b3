/** DHCPv6 messages between octets and values: client/server format (RFC 8415 §8), relay format (§9). */
import { ADDRESS_LENGTH, type Address } from '../ipv6/address.ts';
import { DecodeError, EncodeError, Reader, Writer } from '../octets.ts';
import { HOP_COUNT_LIMIT, MessageType } from './constants.ts';
import { decodeOptions, encodeOptions } from './option-rows.ts';
import { findOption, type Option } from './options.ts';

export type RelayMessageName = 'RelayForward' | 'RelayReply';
export type ClientMessageName = Exclude<keyof typeof MessageType, RelayMessageName>;

/** A message between client and server. */
export interface ClientMessage {
  readonly type: ClientMessageName;
  /** 24 bits. */
  readonly transactionId: number;
  readonly options: readonly Option[];
}

export interface RelayedMessage {
  readonly type: RelayMessageName;
  readonly hopCount: number;
  readonly linkAddress: Address;
  readonly peerAddress: Address;
  readonly options: readonly Option[];
}

export type DhcpMessage = ClientMessage | RelayedMessage;

const SECTION = 'RFC 8415 §8';
/** A message is encoded in one call, and its octets are copied out of here. */
const scratch = new Writer(2048);
const nameByCode = new Map(
  (Object.keys(MessageType) as (keyof typeof MessageType)[]).map(
    (name) => [MessageType[name], name] as const,
  ),
);
const isRelayName = (name: keyof typeof MessageType): name is RelayMessageName =>
  name === 'RelayForward' || name === 'RelayReply';

/** Throws DecodeError; an unknown message type is one, too: it must be discarded (RFC 8415 §16). */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage {
  const reader = new Reader(bytes, SECTION);
  const code = reader.u8();
  const type = nameByCode.get(code as (typeof MessageType)[keyof typeof MessageType]);
  if (type === undefined) throw new DecodeError('value', 0, SECTION, `message type ${code}`);
  if (isRelayName(type)) {
    return {
      type,
      hopCount: reader.u8(),
      linkAddress: reader.take(ADDRESS_LENGTH),
      peerAddress: reader.take(ADDRESS_LENGTH),
      options: decodeOptions(reader, 'relay'),
    };
  }
  const transactionId = (reader.u8() << 16) | reader.u16();
  return { type, transactionId, options: decodeOptions(reader, 'message') };
}

/** Throws EncodeError where a value does not fit. */
export function encodeDhcp(message: DhcpMessage): Uint8Array {
  const writer = scratch.truncate(0);
  writer.u8(MessageType[message.type]);
  if ('hopCount' in message) {
    writer.u8(message.hopCount).put(message.linkAddress).put(message.peerAddress);
  } else {
    const { transactionId } = message;
    if (transactionId >>> 0 !== transactionId || transactionId > 0xffffff)
      throw new EncodeError('value', SECTION, `transaction id ${transactionId}`);
    writer.u8(transactionId >>> 16).u16(transactionId & 0xffff);
  }
  encodeOptions(writer, message.options);
  return writer.finish();
}

/** A client's message and the relay agents it came through, the one nearest to the server first. */
export interface Unwrapped {
  readonly message: ClientMessage;
  readonly relays: readonly RelayedMessage[];
}

/**
 * Takes the client's message out of its Relay-forward messages. Throws DecodeError where there are more of them than
 * HOP_COUNT_LIMIT lets through, or one holds no message, or holds a Relay-reply.
 */
export function unwrapRelayed(bytes: Uint8Array): Unwrapped {
  const relays: RelayedMessage[] = [];
  for (let inner = bytes; ; ) {
    const message = decodeDhcp(inner);
    if (!('hopCount' in message)) return { message, relays };
    const fault = relayFault(message, relays.length);
    if (fault !== undefined) throw new DecodeError('value', 0, 'RFC 8415 §19.1.2', fault);
    relays.push(message);
    inner = findOption(message.options, 'RelayMessage')!.message;
  }
}

function relayFault(message: RelayedMessage, depth: number): string | undefined {
  if (message.type !== 'RelayForward') return 'a Relay-reply';
  // The hop count of a first relay is 0, so that one more than the limit may be around the message (§19.1.2).
  if (depth > HOP_COUNT_LIMIT || message.hopCount > HOP_COUNT_LIMIT) return 'relayed too often';
  return findOption(message.options, 'RelayMessage') === undefined ? 'no message inside' : undefined;
}
