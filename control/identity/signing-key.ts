/** A site's private key: what it signs, and the public key that the site's CGAs hash. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { type KeyType, MAXIMUM_RSA_BITS, MINIMUM_RSA_BITS } from './key-type.ts';
import { encodeCurveKey } from './subject-public-key-info.ts';

/** The key cannot sign for SHIM6. */
export class SiteKeyError extends Error {
  constructor(detail: string) {
    const needed = `RSA of ${MINIMUM_RSA_BITS} (RFC 5533 §16) to ${MAXIMUM_RSA_BITS} bits, P-256 or Ed25519`;
    super(`the site key ${detail}, ${needed} is needed`);
    this.name = 'SiteKeyError';
  }
}

export interface SigningKey {
  readonly type: KeyType;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** Deterministic for every type; signature.ts says how signatures are encoded. */
  sign(octets: Uint8Array): Uint8Array;
}

/** Throws SiteKeyError for a key of another type or size. */
export function signingKey(privateKey: KeyObject): SigningKey {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  if (type === 'rsa') return rsaKey(privateKey, details?.modulusLength ?? 0);
  if (type === 'ec' && details?.namedCurve === 'prime256v1') {
    const secret = secretOf(privateKey);
    const publicKey = encodeCurveKey('p256', p256.getPublicKey(secret, false));
    return { type: 'p256', publicKey, sign: (octets) => p256.sign(octets, secret, { prehash: true }) };
  }
  if (type === 'ed25519') {
    const secret = secretOf(privateKey);
    const publicKey = encodeCurveKey('ed25519', ed25519.getPublicKey(secret));
    return { type: 'ed25519', publicKey, sign: (octets) => ed25519.sign(octets, secret) };
  }
  throw new SiteKeyError(`is of type ${details?.namedCurve ?? type}`);
}

function rsaKey(privateKey: KeyObject, bits: number): SigningKey {
  if (bits < MINIMUM_RSA_BITS || bits > MAXIMUM_RSA_BITS) throw new SiteKeyError(`has ${bits} bits`);
  const publicKey = Uint8Array.from(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  return { type: 'rsa', publicKey, sign: (octets) => Uint8Array.from(sign('sha1', octets, privateKey)) };
}

/** The scalar of a P-256 key (RFC 7518 §6.2.2) or the seed of an Ed25519 key (RFC 8037 §2): 32 octets. */
const secretOf = (privateKey: KeyObject): Uint8Array =>
  Uint8Array.from(Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url'));
