/** CGA Parameters, RFC 3972 §3, with extension fields in the format of RFC 4581 §4. */
import { EncodeError, Reader, Writer } from '../octets.ts';

export const MODIFIER_LENGTH = 16;
export const SUBNET_PREFIX_LENGTH = 8;
/** Octets before the public key: modifier, subnet prefix, collision count. */
export const PUBLIC_KEY_OFFSET = MODIFIER_LENGTH + SUBNET_PREFIX_LENGTH + 1;

const SECTION = 'RFC 3972 §3';
const EXTENSION_SECTION = 'RFC 4581 §4';
const EXTENSION_HEADER = 4;
const DER_SEQUENCE = 0x30;

export interface CgaExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

export interface CgaParameters {
  /** 16 octets. */
  readonly modifier: Uint8Array;
  /** 8 octets. */
  readonly subnetPrefix: Uint8Array;
  readonly collisionCount: number;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** In the order in which they are hashed. */
  readonly extensions: readonly CgaExtension[];
}

/** Throws DecodeError. A collision count above 2 is decoded: refusing it is verification's first step. */
export function decodeCgaParameters(bytes: Uint8Array): CgaParameters {
  const reader = new Reader(bytes, SECTION);
  const modifier = reader.take(MODIFIER_LENGTH);
  const subnetPrefix = reader.take(SUBNET_PREFIX_LENGTH);
  const collisionCount = reader.u8();
  const publicKey = reader.take(publicKeyLength(reader));
  const extensions: CgaExtension[] = [];
  const fields = new Reader(bytes, EXTENSION_SECTION, reader.position);
  while (fields.remaining > 0) {
    const type = fields.u16();
    extensions.push({ type, data: fields.take(fields.u16()) });
  }
  return { modifier, subnetPrefix, collisionCount, publicKey, extensions };
}

/** Throws EncodeError when a field does not have its fixed length or range. */
export function encodeCgaParameters(parameters: CgaParameters): Uint8Array {
  const { modifier, subnetPrefix, collisionCount } = parameters;
  if (modifier.length !== MODIFIER_LENGTH)
    throw new EncodeError('value', SECTION, 'modifier is not 16 octets');
  if (subnetPrefix.length !== SUBNET_PREFIX_LENGTH) {
    throw new EncodeError('value', SECTION, 'subnet prefix is not 8 octets');
  }
  if (collisionCount < 0 || collisionCount > 2)
    throw new EncodeError('value', SECTION, 'collision count is not 0..2');
  const extended = parameters.extensions.reduce((sum, { data }) => sum + EXTENSION_HEADER + data.length, 0);
  const writer = new Writer(PUBLIC_KEY_OFFSET + parameters.publicKey.length + extended);
  writer.put(modifier).put(subnetPrefix).u8(collisionCount).put(parameters.publicKey);
  for (const { type, data } of parameters.extensions) {
    if (data.length > 0xffff)
      throw new EncodeError('too-long', EXTENSION_SECTION, 'extension exceeds 65535 octets');
    writer.u16(type).u16(data.length).put(data);
  }
  return writer.finish();
}

/** Octets of the DER sequence at the reader's position, which does not move. */
function publicKeyLength(reader: Reader): number {
  const peek = new Reader(reader.bytes, SECTION, reader.position, reader.end);
  if (peek.u8() !== DER_SEQUENCE) peek.fail('value', 'the public key is not a DER sequence', reader.position);
  const first = peek.u8();
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  if (size === 0 || size > 2) peek.fail('length', 'length of the public key is not definite or above 65535');
  const length = size === 1 ? peek.u8() : peek.u16();
  return 2 + size + length;
}
