/**
 * CGA signatures over locator lists, RFC 5533 §5.15.5. The contents of the CGA Signature option by type of key:
 *
 * - RSA: RSASSA-PKCS1-v1_5 with SHA-1 (RFC 3972 §6); as many octets as the modulus.
 * - P-256: ECDSA with SHA-256, r then s, 32 octets each, big-endian (IEEE P1363); either value of s is accepted.
 * - Ed25519: RFC 8032, 64 octets.
 *
 * RFC 5533 defines RSA alone: a peer that follows only it answers the others with Error Code 2 (§7.2).
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import type { Address } from '../wire/ipv6/address.ts';
import { Writer } from '../wire/octets.ts';
import {
  KEY_TYPES,
  type KeyType,
  MAXIMUM_RSA_BITS,
  MAXIMUM_RSA_EXPONENT,
  MINIMUM_RSA_BITS,
} from './key-type.ts';
import type { SigningKey } from './signing-key.ts';
import { decodeCurveKey } from './subject-public-key-info.ts';

/** The CGA Message Type tag of SHIM6, RFC 5533 §17. */
const SHIM6_TYPE_TAG = Uint8Array.from([
  0x4a, 0x30, 0x56, 0x62, 0x48, 0x58, 0x57, 0x4b, 0x36, 0x55, 0x41, 0x6f, 0x50, 0x6a, 0x6d, 0x48,
]);

const CURVE_SIGNATURE_LENGTH = 64;

/** What is signed: type tag, generation, and the locators verified by CGA in the order of the list. */
export function signedOctets(generation: number, locators: readonly Address[]): Uint8Array {
  const writer = new Writer(SHIM6_TYPE_TAG.length + 4 + 16 * locators.length);
  writer.put(SHIM6_TYPE_TAG).u32(generation);
  for (const locator of locators) writer.put(locator);
  return writer.finish();
}

/** Encoded as the type of the key has it. */
export function signLocators(key: SigningKey, generation: number, locators: readonly Address[]): Uint8Array {
  return key.sign(signedOctets(generation, locators));
}

export type SignatureVerification = 'valid' | 'invalid' | 'unsupported-key';

/** `publicKey` is a DER SubjectPublicKeyInfo; a key that is not of `keyTypes` is `unsupported-key`. */
export function verifyLocators(
  publicKey: Uint8Array,
  generation: number,
  locators: readonly Address[],
  signature: Uint8Array,
  keyTypes: readonly KeyType[] = KEY_TYPES,
): SignatureVerification {
  const verifies = verifier(publicKey, keyTypes);
  if (verifies === undefined) return 'unsupported-key';
  return verifies(signedOctets(generation, locators), signature) ? 'valid' : 'invalid';
}

type Verifier = (octets: Uint8Array, signature: Uint8Array) => boolean;

function verifier(publicKey: Uint8Array, keyTypes: readonly KeyType[]): Verifier | undefined {
  const curve = decodeCurveKey(publicKey);
  if (curve === undefined) {
    const key = keyTypes.includes('rsa') ? importRsa(publicKey) : undefined;
    return key && ((octets, signature) => verify('sha1', octets, key, signature));
  }
  const { type, key } = curve;
  if (!keyTypes.includes(type)) return undefined;
  if (type === 'p256') {
    if (!p256.utils.isValidPublicKey(key, false)) return undefined;
    return (octets, signature) =>
      signature.length === CURVE_SIGNATURE_LENGTH &&
      p256.verify(signature, octets, key, { prehash: true, lowS: false });
  }
  if (!ed25519.utils.isValidPublicKey(key, false)) return undefined;
  return (octets, signature) =>
    signature.length === CURVE_SIGNATURE_LENGTH && ed25519.verify(signature, octets, key, { zip215: false });
}

function importRsa(publicKey: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
    const bounded = bits <= MAXIMUM_RSA_BITS && publicExponent <= MAXIMUM_RSA_EXPONENT;
    return key.asymmetricKeyType === 'rsa' && bits >= MINIMUM_RSA_BITS && bounded ? key : undefined;
  } catch {
    // The octets come from a peer: whatever OpenSSL cannot read is a key we do not support.
    return undefined;
  }
}
