/** The Multi-Prefix extension of CGA Parameters, RFC 5535 §5: the prefixes that an HBA set is bound to. */
import { EncodeError, Reader, Writer } from '../octets.ts';
import { type CgaExtension, type CgaParameters, SUBNET_PREFIX_LENGTH } from './parameters.ts';

/** CGA Extension Type, RFC 5535 §10. */
export const MULTI_PREFIX_TYPE = 0x0012;

const SECTION = 'RFC 5535 §5';
const P_FLAG = 0x8000_0000;
const FLAGS_LENGTH = 4;

export interface MultiPrefix {
  /** The P flag: the Public Key field holds a public key, not a random nonce. */
  readonly publicKey: boolean;
  /** 8 octets each, in the order of the extension. */
  readonly prefixes: readonly Uint8Array[];
}

/** Throws EncodeError when there is no prefix, one that is not 8 octets, or one twice. */
export function encodeMultiPrefix({ publicKey, prefixes }: MultiPrefix): CgaExtension {
  if (prefixes.length === 0) throw new EncodeError('value', SECTION, 'no prefix');
  const writer = new Writer(FLAGS_LENGTH + SUBNET_PREFIX_LENGTH * prefixes.length);
  writer.u32(publicKey ? P_FLAG : 0);
  for (const prefix of prefixes) {
    if (prefix.length !== SUBNET_PREFIX_LENGTH)
      throw new EncodeError('value', SECTION, 'prefix is not 8 octets');
    writer.put(prefix);
  }
  if (new Set(prefixes.map(String)).size < prefixes.length)
    throw new EncodeError('value', SECTION, 'a prefix is given twice');
  return { type: MULTI_PREFIX_TYPE, data: writer.finish() };
}

/** `data` is the extension's, without type and length; reserved bits are ignored. Throws DecodeError. */
export function decodeMultiPrefix(data: Uint8Array): MultiPrefix {
  const reader = new Reader(data, SECTION);
  const flags = reader.u32();
  if (reader.remaining === 0 || reader.remaining % SUBNET_PREFIX_LENGTH !== 0) {
    reader.fail('length', `${reader.remaining} octets are not one or more prefixes`);
  }
  const prefixes: Uint8Array[] = [];
  while (reader.remaining > 0) prefixes.push(reader.take(SUBNET_PREFIX_LENGTH));
  return { publicKey: flags >= P_FLAG, prefixes };
}

/**
 * The Multi-Prefix extension among those of `parameters`, or undefined. Throws DecodeError when it is malformed or
 * there are two, which would leave open what the set is.
 */
export function findMultiPrefix(parameters: Pick<CgaParameters, 'extensions'>): MultiPrefix | undefined {
  const found = parameters.extensions.filter(({ type }) => type === MULTI_PREFIX_TYPE);
  const [extension] = found;
  if (extension === undefined) return undefined;
  if (found.length > 1)
    new Reader(extension.data, SECTION).fail('value', `${found.length} Multi-Prefix extensions`);
  return decodeMultiPrefix(extension.data);
}
