/** The table of message types: one row each, as RFC 5533 §5.4 to §5.14 and RFC 5534 §5 draw them. */
import { ADDRESS_LENGTH } from '../ipv6/address.ts';
import { EncodeError, type Reader, type Writer } from '../octets.ts';
import { readTag, writeTag } from './context-tag.ts';
import type { Message, MessageName, ProbeReport } from './messages.ts';
import type { OptionName } from './options.ts';

type Fields<M extends Message> = Omit<M, 'type' | 'options'>;

export interface MessageRow<M extends Message> {
  readonly code: number;
  readonly section: string;
  /** Octets of the header without options. */
  readonly minimumLength: number;
  /** The options that the specification defines for the message. */
  readonly options: readonly OptionName[];
  /** The 7 bits beside the type, which only Error uses. */
  readonly typeSpecific?: (message: M) => number;
  /** The reader stands behind the Checksum field; options follow where `decode` leaves it. */
  readonly decode: (reader: Reader, typeSpecific: number) => Fields<M>;
  readonly encode: (writer: Writer, message: M) => void;
}

const LOCATOR_OPTIONS = [
  'LocatorList',
  'LocatorPreferences',
  'CgaParameterDataStructure',
  'CgaSignature',
  'KeepaliveTimeout',
] as const;
const CONTEXT_OPTIONS = ['UlidPair', 'ForkedInstanceIdentifier'] as const;
const PROBE_REPORT_LENGTH = 2 * ADDRESS_LENGTH + 8;

export const messageRows: { readonly [N in MessageName]: MessageRow<Extract<Message, { type: N }>> } = {
  I1: {
    code: 1,
    section: 'RFC 5533 §5.4',
    minimumLength: 16,
    options: CONTEXT_OPTIONS,
    decode: (reader) => ({ initiatorTag: readTag(reader), initiatorNonce: reader.u32() }),
    encode(writer, message) {
      writeTag(writer, message.initiatorTag);
      writer.u32(message.initiatorNonce);
    },
  },
  R1: {
    code: 2,
    section: 'RFC 5533 §5.5',
    minimumLength: 16,
    options: ['ResponderValidator'],
    decode(reader) {
      reader.skip(2);
      return { initiatorNonce: reader.u32(), responderNonce: reader.u32() };
    },
    encode: (writer, message) => writer.u16(0).u32(message.initiatorNonce).u32(message.responderNonce),
  },
  I2: {
    code: 3,
    section: 'RFC 5533 §5.6',
    minimumLength: 24,
    options: ['ResponderValidator', ...CONTEXT_OPTIONS, ...LOCATOR_OPTIONS],
    decode(reader) {
      const initiatorTag = readTag(reader);
      const fields = { initiatorTag, initiatorNonce: reader.u32(), responderNonce: reader.u32() };
      reader.skip(4);
      return fields;
    },
    encode(writer, message) {
      writeTag(writer, message.initiatorTag);
      writer.u32(message.initiatorNonce).u32(message.responderNonce).u32(0);
    },
  },
  R2: {
    code: 4,
    section: 'RFC 5533 §5.7',
    minimumLength: 16,
    options: LOCATOR_OPTIONS,
    decode: (reader) => ({ responderTag: readTag(reader), initiatorNonce: reader.u32() }),
    encode(writer, message) {
      writeTag(writer, message.responderTag);
      writer.u32(message.initiatorNonce);
    },
  },
  R1bis: {
    code: 5,
    section: 'RFC 5533 §5.8',
    minimumLength: 16,
    options: ['ResponderValidator'],
    decode: (reader) => ({ packetTag: readTag(reader), responderNonce: reader.u32() }),
    encode(writer, message) {
      writeTag(writer, message.packetTag);
      writer.u32(message.responderNonce);
    },
  },
  I2bis: {
    code: 6,
    section: 'RFC 5533 §5.9',
    minimumLength: 32,
    options: ['ResponderValidator', ...CONTEXT_OPTIONS, ...LOCATOR_OPTIONS],
    decode(reader) {
      const initiatorTag = readTag(reader);
      const initiatorNonce = reader.u32();
      const responderNonce = reader.u32();
      reader.skip(6);
      return { initiatorTag, initiatorNonce, responderNonce, packetTag: readTag(reader) };
    },
    encode(writer, message) {
      writeTag(writer, message.initiatorTag);
      writer.u32(message.initiatorNonce).u32(message.responderNonce).zeros(6);
      writeTag(writer, message.packetTag);
    },
  },
  UpdateRequest: {
    code: 64,
    section: 'RFC 5533 §5.10',
    minimumLength: 16,
    options: LOCATOR_OPTIONS,
    decode: (reader) => ({ receiverTag: readTag(reader), requestNonce: reader.u32() }),
    encode(writer, message) {
      writeTag(writer, message.receiverTag);
      writer.u32(message.requestNonce);
    },
  },
  UpdateAcknowledgement: {
    code: 65,
    section: 'RFC 5533 §5.11',
    minimumLength: 16,
    options: [],
    decode: (reader) => ({ receiverTag: readTag(reader), requestNonce: reader.u32() }),
    encode(writer, message) {
      writeTag(writer, message.receiverTag);
      writer.u32(message.requestNonce);
    },
  },
  Keepalive: {
    code: 66,
    section: 'RFC 5534 §5.1',
    minimumLength: 16,
    options: [],
    decode(reader) {
      const receiverTag = readTag(reader);
      reader.skip(4);
      return { receiverTag };
    },
    encode(writer, message) {
      writeTag(writer, message.receiverTag);
      writer.u32(0);
    },
  },
  Probe: {
    code: 67,
    section: 'RFC 5534 §5.2',
    // The probe that the message itself is must be described.
    minimumLength: 16 + PROBE_REPORT_LENGTH,
    options: [],
    decode(reader) {
      const receiverTag = readTag(reader);
      const counts = reader.u8();
      if ((counts & 0x0f) === 0) reader.fail('value', 'Psent is zero', reader.position - 1);
      const state = reader.u8() >>> 6;
      reader.skip(2);
      const sent = readReports(reader, counts & 0x0f);
      return { receiverTag, state, sent, received: readReports(reader, counts >>> 4) };
    },
    encode(writer, { receiverTag, state, sent, received }) {
      if (sent.length < 1 || sent.length > 15 || received.length > 15) {
        throw new EncodeError('value', messageRows.Probe.section, 'Psent is not 1..15, or Precvd not 0..15');
      }
      writeTag(writer, receiverTag);
      writer
        .u8((received.length << 4) | sent.length)
        .u8(state << 6)
        .u16(0);
      for (const report of [...sent, ...received]) {
        writer.put(report.source).put(report.destination).u32(report.nonce).u32(report.data);
      }
    },
  },
  Error: {
    code: 68,
    section: 'RFC 5533 §5.14',
    minimumLength: 16,
    options: [],
    typeSpecific: (message) => message.code,
    decode(reader, code) {
      return { code, pointer: reader.u16(), packet: reader.take(reader.remaining) };
    },
    encode: (writer, message) => writer.u16(message.pointer).put(message.packet),
  },
};

function readReports(reader: Reader, count: number): ProbeReport[] {
  const reports: ProbeReport[] = [];
  for (let index = 0; index < count; index++) {
    const source = reader.take(ADDRESS_LENGTH);
    const destination = reader.take(ADDRESS_LENGTH);
    reports.push({ source, destination, nonce: reader.u32(), data: reader.u32() });
  }
  return reports;
}
