/** Context tags: 47 bits, chosen by the receiver of the packets that carry them (RFC 5533 §4.1). */
import type { Reader, Writer } from '../octets.ts';

export interface ContextTag {
  /** Bits 46..32. */
  readonly high: number;
  /** Bits 31..0, unsigned. */
  readonly low: number;
}

/** The tag as one integer: 47 bits fit a number exactly, and a number is a key of a `Map`. */
export const tagNumber = (tag: ContextTag): number => tag.high * 2 ** 32 + tag.low;

export const tagFromNumber = (number: number): ContextTag => ({
  high: Math.floor(number / 2 ** 32),
  low: number % 2 ** 32,
});

/** Twelve hexadecimal digits. */
export const formatTag = (tag: ContextTag): string => tagNumber(tag).toString(16).padStart(12, '0');

/** Reads R or P (1 bit, ignored) and the tag. */
export function readTag(reader: Reader): ContextTag {
  const high = reader.u16() & 0x7fff;
  return { high, low: reader.u32() };
}

export function writeTag(writer: Writer, tag: ContextTag): void {
  writer.u16(tag.high & 0x7fff).u32(tag.low);
}
