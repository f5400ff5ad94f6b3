/** Dictionaries: what the formats give a meaning. */
import { optionRows } from '../../control/wire/shim6/index.ts';
import { messageRows } from '../../control/wire/shim6/message-rows.ts';

export const text = (word: string): Uint8Array => Uint8Array.from(Buffer.from(word, 'utf8'));

const u16 = (number: number): Uint8Array => Uint8Array.of(number >> 8, number);

/** Types of messages and options, the latter with their C bit zero and one, and element and option lengths. */
export const shim6Words: readonly Uint8Array[] = [
  ...Object.values(messageRows).map(({ code }) => Uint8Array.of(59, 4, code, 0)),
  ...Object.values(optionRows).flatMap(({ type }) => [u16(type << 1), u16((type << 1) | 1)]),
  ...[0, 1, 4, 5, 20, 36, 40].map(u16),
  Uint8Array.of(1),
  Uint8Array.of(2),
  Uint8Array.of(3),
  u16(0x7fff),
  u16(0xffff),
];
