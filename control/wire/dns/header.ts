/** The 12 octets at the start of every DNS message (RFC 1035 §4.1.1). */
import { transientCopy } from '../transient-octets.ts';
import { OPCODE_MASK, RCODE_MASK } from './constants.ts';
import { need, read16, write16 } from './octets.ts';

export const HEADER_LENGTH = 12;

export interface Header {
  readonly id: number;
  /** QR, opcode, AA, TC, RD, RA, Z, AD, CD, RCODE: the 16 bits as they are. */
  readonly flags: number;
  readonly questions: number;
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
}

/** Throws DnsDecodeError `short`. */
export function readHeader(message: Uint8Array): Header {
  need(message, 0, HEADER_LENGTH);
  return {
    id: read16(message, 0),
    flags: read16(message, 2),
    questions: read16(message, 4),
    answers: read16(message, 6),
    authorities: read16(message, 8),
    additionals: read16(message, 10),
  };
}

export const opcodeOf = (header: Header): number => (header.flags & OPCODE_MASK) >> 11;
export const rcodeOf = (header: Header): number => header.flags & RCODE_MASK;

/** A copy of `message`, which has at least two octets, under another ID: all that pass-through changes. Not to be kept. */
export function withId(message: Uint8Array, id: number): Uint8Array {
  const copy = transientCopy(message);
  write16(copy, 0, id);
  return copy;
}
