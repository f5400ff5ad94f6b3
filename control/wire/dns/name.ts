/**
 * Domain names as octets: uncompressed wire form, root label included, case kept.
 *
 * Labels are arbitrary octets (RFC 2181 §11): text in between would lose dots inside labels and octets
 * above 127, so names stay octets from message to message.
 */
import { DnsDecodeError } from './decode-error.ts';
import { need, read16 } from './octets.ts';

export type Name = Uint8Array;

export const MAXIMUM_NAME_LENGTH = 255;
const MAX_LABEL_LENGTH = 63;
const POINTER = 0xc0;

/** Offset of the octet after the name at `offset`. Pointers are not followed. Throws DnsDecodeError. */
export function skipName(message: Uint8Array, offset: number): number {
  const start = offset;
  for (;;) {
    need(message, offset, 1);
    const length = message[offset]!;
    if ((length & POINTER) === POINTER) {
      need(message, offset, 2);
      return offset + 2;
    }
    if (length > MAX_LABEL_LENGTH) throw new DnsDecodeError('label-type', offset);
    need(message, offset, 1 + length);
    offset += 1 + length;
    if (length === 0) return offset;
    if (offset - start >= MAXIMUM_NAME_LENGTH) throw new DnsDecodeError('name-length', start);
  }
}

/**
 * The name at `offset`, decompressed, and the offset after it. A pointer must point before the part of the
 * name that it ends (RFC 1035 §4.1.4: a *prior* occurrence), so that no chain of pointers can loop.
 * Throws DnsDecodeError.
 */
export function readName(message: Uint8Array, offset: number): { name: Name; end: number } {
  const whole = endOfPlainName(message, offset);
  if (whole !== undefined) return { name: copyOf(message, offset, whole), end: whole };
  let length = 0;
  let end: number | undefined;
  let part = offset;
  for (;;) {
    need(message, offset, 1);
    const octet = message[offset]!;
    if ((octet & POINTER) === POINTER) {
      const target = read16(message, offset) & 0x3fff;
      end ??= offset + 2;
      if (target >= part) throw new DnsDecodeError('pointer', offset);
      part = target;
      offset = target;
      continue;
    }
    if (octet > MAX_LABEL_LENGTH) throw new DnsDecodeError('label-type', offset);
    need(message, offset, 1 + octet);
    if (length + 1 + octet > MAXIMUM_NAME_LENGTH) throw new DnsDecodeError('name-length', offset);
    for (const next = offset + 1 + octet; offset < next; offset++) joined[length++] = message[offset]!;
    if (octet === 0) return { name: joined.slice(0, length), end: end ?? offset };
  }
}

/** A name whose parts are found one by one. */
const joined = new Uint8Array(MAXIMUM_NAME_LENGTH);

function copyOf(message: Uint8Array, start: number, end: number): Name {
  const name = new Uint8Array(end - start);
  for (let index = 0; index < name.length; index++) name[index] = message[start + index]!;
  return name;
}

/** The offset after a well-formed name without pointers; undefined for any other. Most names in questions are so. */
export function endOfPlainName(message: Uint8Array, start: number): number | undefined {
  const limit = Math.min(message.length, start + MAXIMUM_NAME_LENGTH);
  for (let offset = start; offset < limit; ) {
    const length = message[offset]!;
    if (length > MAX_LABEL_LENGTH) return undefined;
    offset += 1 + length;
    if (length === 0) return offset;
  }
  return undefined;
}

/** Equal for names that are equal in the DNS: ASCII letters without case (RFC 4343). A `Map` key, not text. */
export function nameKey(name: Name): string {
  const key = latin1(name);
  // Length octets are at most 63, below 'A': folding the whole wire form cannot touch them.
  return BEYOND_ASCII.test(key) ? key.replace(/[A-Z]+/g, (part) => part.toLowerCase()) : key.toLowerCase();
}

const BEYOND_ASCII = /[\x80-\xff]/;

/** Text is made of octets that have been copied in here: a view of each array would cost more than the text. */
const text = Buffer.alloc(512);

/** A character for each octet, from `start` on. */
export function latin1(octets: Uint8Array, start = 0, end = octets.length): string {
  const length = end - start;
  if (length > text.length) return Buffer.from(octets.subarray(start, end)).toString('latin1');
  for (let index = 0; index < length; index++) text[index] = octets[start + index]!;
  return text.toString('latin1', 0, length);
}

/** Whether two names are equal in the DNS, without a key for each. */
export function equalName(first: Name, second: Name): boolean {
  if (first.length !== second.length) return false;
  for (let index = 0; index < first.length; index++) {
    const [one, other] = [first[index]!, second[index]!];
    if (one !== other && foldCase(one) !== foldCase(other)) return false;
  }
  return true;
}

const foldCase = (octet: number): number => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);

/** True if `name` lies strictly below `ancestor`. */
export function isBelow(name: Name, ancestor: Name): boolean {
  const ancestorKey = nameKey(ancestor);
  for (let offset = 0; name[offset] !== 0; ) {
    offset += 1 + name[offset]!;
    if (nameKey(name.subarray(offset)) === ancestorKey) return true;
  }
  return false;
}

/** Presentation form without the final dot, `.` for the root; escapes of RFC 1035 §5.1. For people and logs. */
export function formatName(name: Name): string {
  const labels: string[] = [];
  for (let offset = 0; name[offset] !== 0; offset += 1 + name[offset]!) {
    const label = name.subarray(offset + 1, offset + 1 + name[offset]!);
    labels.push(Array.from(label, formatOctet).join(''));
  }
  return labels.length === 0 ? '.' : labels.join('.');
}

function formatOctet(octet: number): string {
  if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, '0')}`;
  const character = String.fromCharCode(octet);
  return '.\\"();@$'.includes(character) ? `\\${character}` : character;
}

/** Wire form of a name in presentation form; the final dot may be missing. Throws DnsDecodeError `text`. */
export function parseName(text: string): Name {
  const octets: number[] = [];
  let label: number[] = [];
  const endLabel = (offset: number): void => {
    if (label.length === 0 || label.length > MAX_LABEL_LENGTH) throw new DnsDecodeError('text', offset);
    octets.push(label.length, ...label);
    label = [];
  };
  for (let offset = 0; text !== '.' && offset < text.length; offset++) {
    const decimal = /^\\(\d{3})/.exec(text.slice(offset, offset + 4));
    if (decimal !== null) {
      label.push(Number(decimal[1]));
      offset += 3;
    } else if (text[offset] === '.') {
      endLabel(offset);
      continue;
    } else {
      if (text[offset] === '\\') offset++;
      label.push(text.charCodeAt(offset)); // NaN after a final backslash: caught below
    }
    if (!(label.at(-1)! <= 0xff)) throw new DnsDecodeError('text', offset);
  }
  if (label.length > 0) endLabel(text.length);
  octets.push(0);
  if (octets.length > MAXIMUM_NAME_LENGTH || text === '') throw new DnsDecodeError('text', 0);
  return Uint8Array.from(octets);
}

/** Whether `text` is a name in presentation form, the root excluded. */
export function isDomainName(text: string): boolean {
  try {
    return parseName(text).length > 1;
  } catch (error) {
    if (error instanceof DnsDecodeError) return false;
    throw error;
  }
}
