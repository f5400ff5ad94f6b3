/** The random nonce that stands where a public key would, in parameters of HBA-only addresses: RFC 5535 §6. */
import { EncodeError } from '../octets.ts';

/** Octets: the nonce is 384 bits. */
export const EXTENDED_MODIFIER_LENGTH = 48;

const SECTION = 'RFC 5535 §6';
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;
/** SEQUENCE { OBJECT IDENTIFIER rsaEncryption (1.2.840.113549.1.1.1), NULL }, RFC 3279 §2.3.1. */
const RSA_ENCRYPTION = [0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0];
/** INTEGER 65537. The nonce is the modulus; nothing depends on the exponent. */
const EXPONENT = [INTEGER, 3, 1, 0, 1];

/**
 * A DER SubjectPublicKeyInfo whose RSAPublicKey has the nonce for its modulus. Throws EncodeError unless the nonce is
 * 48 octets.
 */
export function encodeExtendedModifier(nonce: Uint8Array): Uint8Array {
  if (nonce.length !== EXTENDED_MODIFIER_LENGTH)
    throw new EncodeError('value', SECTION, `extended modifier is not ${EXTENDED_MODIFIER_LENGTH} octets`);
  const key = element(SEQUENCE, [...element(INTEGER, unsigned(nonce)), ...EXPONENT]);
  // A bit string begins with the number of unused bits in its last octet.
  return Uint8Array.from(element(SEQUENCE, [...RSA_ENCRYPTION, ...element(BIT_STRING, [0, ...key])]));
}

/** Everything here is below 128 octets, so a length is one octet. */
const element = (tag: number, contents: readonly number[]): number[] => [tag, contents.length, ...contents];

/** Contents of a DER INTEGER: no needless leading zeros, one zero before a set top bit. */
function unsigned(octets: Uint8Array): number[] {
  const first = octets.findIndex((octet) => octet !== 0);
  if (first < 0) return [0];
  const digits = [...octets.subarray(first)];
  return digits[0]! >= 0x80 ? [0, ...digits] : digits;
}
