/** Control messages as errors quote them: the beginning alone is certain to be there, RFC 5533 §8 and §12.4. */
import { ADDRESS_LENGTH, type Address } from '../ipv6/address.ts';
import { SHIM6_PROTOCOL, TYPE_OFFSET } from './codec.ts';
import type { ContextTag } from './context-tag.ts';
import { messageRows } from './message-rows.ts';

/** The messages of ours that an error is matched to. */
const QUOTED = ['I1', 'I2', 'I2bis', 'UpdateRequest'] as const;

export interface QuotedMessage {
  readonly type: (typeof QUOTED)[number];
  /** Initiator Context Tag or Receiver Context Tag. */
  readonly tag: ContextTag;
  /** Initiator Nonce or Request Nonce. */
  readonly nonce: number;
}

export interface QuotedPacket extends QuotedMessage {
  readonly source: Address;
  readonly destination: Address;
}

/** All four have their tag and their nonce in the same places. */
const TAG_OFFSET = 6;
const NONCE_OFFSET = 12;
const NEEDED = NONCE_OFFSET + 4;

const NEXT_HEADER_OFFSET = 6;
const SOURCE_OFFSET = 8;
const IPV6_HEADER_LENGTH = SOURCE_OFFSET + 2 * ADDRESS_LENGTH;

/** From the Next Header octet of the SHIM6 header on; undefined for any other message, or less than 16 octets. */
export function readQuotedMessage(message: Uint8Array): QuotedMessage | undefined {
  if (message.length < NEEDED) return undefined;
  const type = QUOTED.find((name) => messageRows[name].code === message[TYPE_OFFSET]);
  if (type === undefined) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const tag = { high: view.getUint16(TAG_OFFSET) & 0x7fff, low: view.getUint32(TAG_OFFSET + 2) };
  return { type, tag, nonce: view.getUint32(NONCE_OFFSET) };
}

/** The Packet in error of an Error message: an IPv6 header with the SHIM6 header right behind it. */
export function readQuotedPacket(packet: Uint8Array): QuotedPacket | undefined {
  if (packet[NEXT_HEADER_OFFSET] !== SHIM6_PROTOCOL) return undefined;
  const message = readQuotedMessage(packet.subarray(IPV6_HEADER_LENGTH));
  if (message === undefined) return undefined;
  const destination = SOURCE_OFFSET + ADDRESS_LENGTH;
  return {
    ...message,
    source: packet.slice(SOURCE_OFFSET, destination),
    destination: packet.slice(destination, IPV6_HEADER_LENGTH),
  };
}
