/** CGA signatures over locator lists: RFC 5533 §5.15.5 with the algorithm of RFC 3972 §6. */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Address } from '../wire/ipv6/address.ts';
import { Writer } from '../wire/octets.ts';

/** The CGA Message Type tag of SHIM6, RFC 5533 §17. */
const SHIM6_TYPE_TAG = Uint8Array.from([
  0x4a, 0x30, 0x56, 0x62, 0x48, 0x58, 0x57, 0x4b, 0x36, 0x55, 0x41, 0x6f, 0x50, 0x6a, 0x6d, 0x48,
]);

/** Shorter RSA keys are refused, RFC 5533 §16. */
export const MINIMUM_RSA_BITS = 1024;

/** What is signed: type tag, generation, and the locators verified by CGA in the order of the list. */
export function signedOctets(generation: number, locators: readonly Address[]): Uint8Array {
  const writer = new Writer(SHIM6_TYPE_TAG.length + 4 + 16 * locators.length);
  writer.put(SHIM6_TYPE_TAG).u32(generation);
  for (const locator of locators) writer.put(locator);
  return writer.finish();
}

/** RSASSA-PKCS1-v1_5 with SHA-1. */
export function signLocators(key: KeyObject, generation: number, locators: readonly Address[]): Uint8Array {
  return Uint8Array.from(sign('sha1', signedOctets(generation, locators), key));
}

export type SignatureVerification = 'valid' | 'invalid' | 'unsupported-key';

/** `publicKey` is a DER SubjectPublicKeyInfo; anything but RSA of 1024 bits and more is `unsupported-key`. */
export function verifyLocators(
  publicKey: Uint8Array,
  generation: number,
  locators: readonly Address[],
  signature: Uint8Array,
): SignatureVerification {
  const key = importKey(publicKey);
  if (key === undefined) return 'unsupported-key';
  return verify('sha1', signedOctets(generation, locators), key, signature) ? 'valid' : 'invalid';
}

function importKey(publicKey: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return key.asymmetricKeyType === 'rsa' && bits >= MINIMUM_RSA_BITS ? key : undefined;
  } catch {
    // The octets come from a peer: whatever OpenSSL cannot read is a key we do not support.
    return undefined;
  }
}
