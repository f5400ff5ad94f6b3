/** SHIM6 control messages between bytes and values: the common header of RFC 5533 §5.3 around the two tables. */
import { DecodeError, EncodeError, Reader, Writer } from '../octets.ts';
import { checksum, checksumHolds } from './checksum.ts';
import { type MessageRow, messageRows } from './message-rows.ts';
import type { Message, MessageName, UnknownMessage } from './messages.ts';
import { decodeOptions, encodeOption, type Option } from './options.ts';

/** IANA's protocol number of SHIM6. */
export const SHIM6_PROTOCOL = 140;
/** Where the octet with the message type is. */
export const TYPE_OFFSET = 2;
const NO_NEXT_HEADER = 59;
const CHECKSUM_OFFSET = 4;
const SECTION = 'RFC 5533 §5.3';
const IPV6_HEADER_LENGTH = 40;

/**
 * The largest control message: packets with their IPv6 header may not exceed 1280 octets (RFC 5533 §5.1).
 * Headers between the IPv6 header and SHIM6's come off it.
 */
export const MAXIMUM_MESSAGE_LENGTH = 1280 - IPV6_HEADER_LENGTH;

const nameByCode = new Map(
  (Object.keys(messageRows) as MessageName[]).map((name) => [messageRows[name].code, name] as const),
);

/** Octets of a message's header without options. */
export const headerLength = (name: MessageName): number => messageRows[name].minimumLength;

/**
 * Decodes the control message at the start of `bytes`; octets beyond its Hdr Ext Len are ignored, as after any No
 * Next Header. Throws DecodeError: truncated, a bad checksum, a P or S bit that is one, a length that does not fit.
 * Reserved fields are not looked at. Addresses are not checked: RFC 5533 §12.3 asks that of the receiver.
 */
export function decodeMessage(bytes: Uint8Array): Message | UnknownMessage {
  const whole = new Reader(bytes, SECTION);
  whole.skip(1);
  const length = 8 * (whole.u8() + 1);
  if (length > bytes.length)
    whole.fail('truncated', `Hdr Ext Len says ${length} octets, ${bytes.length} are there`, 1);
  const code = whole.u8();
  const typeSpecific = whole.u8();
  if (code >= 0x80) whole.fail('value', 'the P bit is one: a payload header', TYPE_OFFSET);
  if ((typeSpecific & 1) !== 0) whole.fail('value', 'the S bit is one: not SHIM6', TYPE_OFFSET + 1);
  if (!checksumHolds(bytes.subarray(0, length)))
    whole.fail('checksum', 'the checksum is wrong', CHECKSUM_OFFSET);
  const name = nameByCode.get(code);
  if (name === undefined) return { type: 'Unknown', code };
  const row = messageRows[name];
  if (length < row.minimumLength) {
    throw new DecodeError('length', 1, row.section, `the header is below ${row.minimumLength} octets`);
  }
  const reader = new Reader(bytes, row.section, CHECKSUM_OFFSET + 2, length);
  const fields = row.decode(reader, typeSpecific >>> 1);
  if (name === 'Error') return { type: name, ...fields } as Message;
  return { type: name, ...fields, options: decodeOptions(reader, row.options) } as Message;
}

/** What is under way is in here; every message is copied out of it. */
const scratch = new Writer(2048);

/**
 * The bytes of a control message, checksum filled in, reserved fields zero.
 * Throws EncodeError `too-long` beyond `maximum` octets: there is no fragmenting, a sender says less.
 */
export function encodeMessage(message: Message, maximum = MAXIMUM_MESSAGE_LENGTH): Uint8Array {
  // The row of a message's type takes that message; TypeScript does not see through the index.
  const row = messageRows[message.type] as MessageRow<Message>;
  const writer = scratch;
  writer
    .truncate(0)
    .u8(NO_NEXT_HEADER)
    .u8(0)
    .u8(row.code)
    .u8((row.typeSpecific?.(message) ?? 0) << 1)
    .u16(0);
  row.encode(writer, message);
  if (message.type === 'Error') writer.align(8).zeros(Math.max(0, row.minimumLength - writer.length));
  else for (const option of message.options) encodeOption(writer, option);
  if (writer.length > maximum) {
    throw new EncodeError(
      'too-long',
      'RFC 5533 §5.1',
      `${message.type} of ${writer.length} octets, ${maximum} fit`,
    );
  }
  writer.setU8(1, writer.length / 8 - 1);
  const bytes = writer.finish();
  const sum = checksum(bytes);
  bytes[CHECKSUM_OFFSET] = sum >>> 8;
  bytes[CHECKSUM_OFFSET + 1] = sum;
  return bytes;
}

/** The first option of `options` that was not recognized and whose C bit forbids going on, or -1. */
export const criticalOption = (options: readonly Option[]): number =>
  options.findIndex((option) => option.type === 'Unrecognized' && option.critical);
