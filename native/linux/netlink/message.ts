/** Netlink messages (RFC 3549 §2.3, netlink(7)): header, fixed part, attributes; integers in host order. */
import { endianness } from 'node:os';

const LITTLE_ENDIAN = endianness() === 'LE';
const HEADER_LENGTH = 16;
const ATTRIBUTE_HEADER_LENGTH = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER share the type's field. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

const padded = (length: number): number => (length + 3) & ~3;

/** Bytes that are not a netlink message: the kernel does not send such, a socket read in part may. */
export class NetlinkDecodeError extends Error {
  readonly offset: number;
  constructor(offset: number, problem: string) {
    super(`netlink message, octet ${offset}: ${problem}`);
    this.name = 'NetlinkDecodeError';
    this.offset = offset;
  }
}

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Everything after the header. */
  readonly payload: Uint8Array;
}

/** Bytes of a fixed part or attribute, with its integers in host order. */
export class Fields {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  static ofLength(length: number): Fields {
    return new Fields(new Uint8Array(length));
  }

  #require(offset: number, length: number): void {
    if (offset + length > this.bytes.length)
      throw new NetlinkDecodeError(offset, `${length} octets expected, ${this.bytes.length - offset} there`);
  }

  u8(offset = 0): number {
    this.#require(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16(offset = 0): number {
    this.#require(offset, 2);
    return this.#view.getUint16(offset, LITTLE_ENDIAN);
  }

  u32(offset = 0): number {
    this.#require(offset, 4);
    return this.#view.getUint32(offset, LITTLE_ENDIAN);
  }

  i32(offset = 0): number {
    this.#require(offset, 4);
    return this.#view.getInt32(offset, LITTLE_ENDIAN);
  }

  setU8(offset: number, value: number): this {
    this.#view.setUint8(offset, value);
    return this;
  }

  setU16(offset: number, value: number): this {
    this.#view.setUint16(offset, value, LITTLE_ENDIAN);
    return this;
  }

  setU32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, LITTLE_ENDIAN);
    return this;
  }
}

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export const attribute = (type: number, value: Uint8Array): Attribute => ({ type, value });
export const u8Attribute = (type: number, value: number): Attribute => attribute(type, Uint8Array.of(value));
export const u32Attribute = (type: number, value: number): Attribute =>
  attribute(type, Fields.ofLength(4).setU32(0, value).bytes);
/** A string ends with a zero octet. */
export const textAttribute = (type: number, text: string): Attribute =>
  attribute(type, new TextEncoder().encode(`${text}\0`));
export const nestedAttribute = (type: number, ...attributes: readonly Attribute[]): Attribute =>
  attribute(type, encodeAttributes(attributes));

export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const length = attributes.reduce(
    (sum, { value }) => sum + padded(ATTRIBUTE_HEADER_LENGTH + value.length),
    0,
  );
  const fields = Fields.ofLength(length);
  let offset = 0;
  for (const { type, value } of attributes) {
    fields.setU16(offset, ATTRIBUTE_HEADER_LENGTH + value.length).setU16(offset + 2, type);
    fields.bytes.set(value, offset + ATTRIBUTE_HEADER_LENGTH);
    offset += padded(ATTRIBUTE_HEADER_LENGTH + value.length);
  }
  return fields.bytes;
}

/** One message: header, the type's fixed part padded to 4 octets, attributes. */
export function encodeMessage(
  { type, flags, sequence }: Omit<Message, 'payload'>,
  fixed: Uint8Array,
  attributes: readonly Attribute[] = [],
): Uint8Array {
  const tail = encodeAttributes(attributes);
  const fields = Fields.ofLength(HEADER_LENGTH + padded(fixed.length) + tail.length);
  fields.setU32(0, fields.bytes.length).setU16(4, type).setU16(6, flags).setU32(8, sequence);
  fields.bytes.set(fixed, HEADER_LENGTH);
  fields.bytes.set(tail, HEADER_LENGTH + padded(fixed.length));
  return fields.bytes;
}

/** The messages of one datagram. Payloads are views into it. Throws NetlinkDecodeError. */
export function* decodeMessages(datagram: Uint8Array): Generator<Message> {
  const fields = new Fields(datagram);
  for (let offset = 0; offset < datagram.length; ) {
    const length = fields.u32(offset);
    if (length < HEADER_LENGTH || offset + length > datagram.length)
      throw new NetlinkDecodeError(offset, `message length ${length} of ${datagram.length - offset} octets`);
    yield {
      type: fields.u16(offset + 4),
      flags: fields.u16(offset + 6),
      sequence: fields.u32(offset + 8),
      payload: datagram.subarray(offset + HEADER_LENGTH, offset + length),
    };
    offset += padded(length);
  }
}

/** Attributes by type; of a repeated one the last. Values are views. Throws NetlinkDecodeError. */
export class Attributes {
  readonly #values = new Map<number, Uint8Array>();

  /** Decodes those that begin at `offset` of `bytes`. */
  constructor(bytes: Uint8Array, offset = 0) {
    const fields = new Fields(bytes);
    for (let at = padded(offset); at + ATTRIBUTE_HEADER_LENGTH <= bytes.length; ) {
      const length = fields.u16(at);
      if (length < ATTRIBUTE_HEADER_LENGTH || at + length > bytes.length)
        throw new NetlinkDecodeError(at, `attribute length ${length} of ${bytes.length - at} octets`);
      const type = fields.u16(at + 2) & ATTRIBUTE_TYPE_MASK;
      this.#values.set(type, bytes.subarray(at + ATTRIBUTE_HEADER_LENGTH, at + length));
      at += padded(length);
    }
  }

  /** A copy of the value. */
  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type)?.slice();
  }

  /** A copy of the value if it has this length. */
  bytesOfLength(type: number, length: number): Uint8Array | undefined {
    const value = this.#values.get(type);
    return value?.length === length ? value.slice() : undefined;
  }

  #fields(type: number): Fields | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : new Fields(value);
  }

  u8(type: number): number | undefined {
    return this.#fields(type)?.u8();
  }

  u16(type: number): number | undefined {
    return this.#fields(type)?.u16();
  }

  u32(type: number): number | undefined {
    return this.#fields(type)?.u32();
  }

  i32(type: number): number | undefined {
    return this.#fields(type)?.i32();
  }

  text(type: number): string | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : new TextDecoder().decode(value).replace(/\0.*$/s, '');
  }

  nested(type: number): Attributes | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : new Attributes(value);
  }
}
