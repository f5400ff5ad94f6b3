/** The SHIM6 Payload Extension header, RFC 5533 §5.2: eight octets, P = 1. */
import { Reader, Writer } from '../octets.ts';
import { type ContextTag, readTag, writeTag } from './context-tag.ts';

export const PAYLOAD_HEADER_LENGTH = 8;
const SECTION = 'RFC 5533 §5.2';

export interface PayloadHeader {
  /** The protocol number of what follows. */
  readonly nextHeader: number;
  readonly receiverTag: ContextTag;
}

/** True when a SHIM6 header is a payload header, false when it is a control message or too short to tell. */
export const isPayload = (header: Uint8Array): boolean => header.length > 2 && (header[2]! & 0x80) !== 0;

/** Throws DecodeError unless `bytes` starts with a payload header; what follows it is not looked at. */
export function decodePayloadHeader(bytes: Uint8Array): PayloadHeader {
  const reader = new Reader(bytes, SECTION);
  const nextHeader = reader.u8();
  if (reader.u8() !== 0) reader.fail('length', 'Hdr Ext Len of a payload header is not 0', 1);
  if (!isPayload(bytes)) reader.fail('value', 'the P bit is zero: a control message', 2);
  return { nextHeader, receiverTag: readTag(reader) };
}

export function encodePayloadHeader(header: PayloadHeader): Uint8Array {
  const writer = new Writer(PAYLOAD_HEADER_LENGTH);
  writer.u8(header.nextHeader).u8(0);
  writeTag(writer, header.receiverTag);
  writer.setU8(2, 0x80 | (header.receiverTag.high >>> 8));
  return writer.finish();
}
