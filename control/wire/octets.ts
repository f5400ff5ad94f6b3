/** A byte cursor that knows no protocol: every codec reads and writes through it. Network byte order. */

export type DecodeErrorCode = 'truncated' | 'length' | 'checksum' | 'value';

/** The bytes are not what `section` of a specification says. Caught once per packet, counted, dropped. */
export class DecodeError extends Error {
  readonly code: DecodeErrorCode;
  /** Octets from the start of the bytes that were handed to the decoder. */
  readonly offset: number;
  /** Where the rule is written, like `RFC 5533 §5.3`. */
  readonly section: string;
  constructor(code: DecodeErrorCode, offset: number, section: string, detail: string) {
    super(`${section}: ${detail} (octet ${offset})`);
    this.name = 'DecodeError';
    this.code = code;
    this.offset = offset;
    this.section = section;
  }
}

export type EncodeErrorCode = 'too-long' | 'value';

/** The value has no encoding: a field is out of range, or the result would be too long. */
export class EncodeError extends Error {
  readonly code: EncodeErrorCode;
  readonly section: string;
  constructor(code: EncodeErrorCode, section: string, detail: string) {
    super(`${section}: ${detail}`);
    this.name = 'EncodeError';
    this.code = code;
    this.section = section;
  }
}

/** Reads `bytes` from `position` up to `end`; past the end it throws DecodeError `truncated`. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly section: string;
  position: number;

  constructor(bytes: Uint8Array, section: string, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.section = section;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Moves over `length` octets and returns where they start. */
  skip(length: number): number {
    const start = this.position;
    if (length > this.end - start) {
      throw new DecodeError(
        'truncated',
        start,
        this.section,
        `${length} octets wanted, ${this.end - start} left`,
      );
    }
    this.position = start + length;
    return start;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }

  u16(): number {
    const at = this.skip(2);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  u32(): number {
    const at = this.skip(4);
    const bytes = this.bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** A copy: what is decoded never aliases a receive buffer. */
  take(length: number): Uint8Array {
    const at = this.skip(length);
    return this.bytes.slice(at, at + length);
  }

  /** A reader of the next `length` octets alone; this one moves past them. */
  within(length: number, section = this.section): Reader {
    const at = this.skip(length);
    return new Reader(this.bytes, section, at, at + length);
  }

  fail(code: DecodeErrorCode, detail: string, offset = this.position): never {
    throw new DecodeError(code, offset, this.section, detail);
  }
}

function outOfRange(value: number, field: string): never {
  throw new EncodeError('value', field, `${value} is not an unsigned integer of that size`);
}

/** Appends to a buffer that grows. A number that its field cannot hold is an EncodeError `value`. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #grow(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      bytes.set(this.#bytes.subarray(0, at));
      this.#bytes = bytes;
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    if ((value & 0xff) !== value) outOfRange(value, 'u8');
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    if ((value & 0xffff) !== value) outOfRange(value, 'u16');
    const at = this.#grow(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    if (value >>> 0 !== value) outOfRange(value, 'u32');
    const at = this.#grow(4);
    this.setU32(at, value);
    return this;
  }

  put(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  zeros(length: number): this {
    const at = this.#grow(length);
    this.#bytes.fill(0, at, at + length);
    return this;
  }

  /** Zeros up to the next multiple of `size`, counted from octet `origin`. */
  align(size: number, origin = 0): this {
    const excess = (this.#length - origin) % size;
    return excess === 0 ? this : this.zeros(size - excess);
  }

  setU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  setU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  setU32(at: number, value: number): void {
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  /** Takes back what was written after the first `length` octets. */
  truncate(length: number): this {
    this.#length = Math.min(length, this.#length);
    return this;
  }

  /** The octets written so far, in an array of their own. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#length < this.#bytes.length) return this.#bytes.slice(0, this.#length);
    // Filled to the last: no need to copy.
    const bytes = this.#bytes;
    this.#bytes = new Uint8Array();
    this.#length = 0;
    return bytes;
  }
}

export function equalOctets(first: Uint8Array, second: Uint8Array): boolean {
  if (first.length !== second.length) return false;
  for (let index = 0; index < first.length; index++) if (first[index] !== second[index]) return false;
  return true;
}
