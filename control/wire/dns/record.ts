/** Resource records as places in a message (RFC 1035 §4.1.3): found by walking, read on demand. */
import { TYPE } from './constants.ts';
import { DnsDecodeError } from './decode-error.ts';
import type { Header } from './header.ts';
import { type Name, readName, skipName } from './name.ts';
import { need, read16, read32 } from './octets.ts';

export type Section = 'answer' | 'authority' | 'additional';

export interface RecordPlace {
  readonly section: Section;
  /** Of the owner name; also where the record starts. */
  readonly offset: number;
  readonly type: number;
  readonly class: number;
  /** Seconds; 0 where the top bit was set (RFC 2181 §8). Meaningless for OPT. */
  readonly ttl: number;
  readonly dataOffset: number;
  readonly dataLength: number;
}

/** RDATA to be written: octets, and names that the writer may compress. */
export type RecordData = readonly (Uint8Array | { readonly name: Name })[];

/**
 * Every record behind the question section, which ends at `offset`, and the offset after the last one.
 * Throws DnsDecodeError; the number of records is bounded by the length of the message.
 */
export function readRecords(
  message: Uint8Array,
  header: Header,
  offset: number,
): { records: RecordPlace[]; end: number } {
  const records: RecordPlace[] = [];
  const sections: [Section, number][] = [
    ['answer', header.answers],
    ['authority', header.authorities],
    ['additional', header.additionals],
  ];
  for (const [section, count] of sections) {
    for (let index = 0; index < count; index++) {
      const fixed = skipName(message, offset);
      const dataLength = read16(message, fixed + 8);
      need(message, fixed + 10, dataLength);
      const ttl = read32(message, fixed + 4);
      records.push({
        section,
        offset,
        type: read16(message, fixed),
        class: read16(message, fixed + 2),
        ttl: ttl > 0x7fffffff ? 0 : ttl,
        dataOffset: fixed + 10,
        dataLength,
      });
      offset = fixed + 10 + dataLength;
    }
  }
  return { records, end: offset };
}

export const ownerOf = (message: Uint8Array, record: RecordPlace): Name =>
  readName(message, record.offset).name;

/** The RDATA octets as they stand in the message: still compressed if the type allows that. */
export const dataOf = (message: Uint8Array, record: RecordPlace): Uint8Array =>
  message.subarray(record.dataOffset, record.dataOffset + record.dataLength);

/** The target of a CNAME or DNAME. Throws DnsDecodeError. */
export function targetOf(message: Uint8Array, record: RecordPlace): Name {
  const { name, end } = readName(message, record.dataOffset);
  if (end !== record.dataOffset + record.dataLength) throw new DnsDecodeError('rdata', record.dataOffset);
  return name;
}

/** RDATA that can be written into another message. Throws DnsDecodeError. */
export function portableData(message: Uint8Array, record: RecordPlace): RecordData {
  const data = dataOf(message, record);
  switch (record.type) {
    case TYPE.CNAME:
      return [{ name: targetOf(message, record) }];
    case TYPE.DNAME: // not to be compressed (RFC 6672 §2.5)
      return [targetOf(message, record)];
    case TYPE.SOA: {
      const primary = readName(message, record.dataOffset);
      const mailbox = readName(message, primary.end);
      const numbers = data.subarray(mailbox.end - record.dataOffset);
      if (numbers.length !== 20) throw new DnsDecodeError('rdata', record.dataOffset);
      return [{ name: primary.name }, { name: mailbox.name }, numbers];
    }
    default: // types younger than RFC 1035 are never compressed (RFC 3597 §4)
      return [data];
  }
}
