/** The site's private key: one key pair for all its hosts' CGAs (RFC 3972), in a PEM file (PKCS#8). */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type KeyType, MAXIMUM_RSA_BITS, MINIMUM_RSA_BITS } from '../identity/key-type.ts';
import { SiteKeyError, signingKey } from '../identity/signing-key.ts';

export class SiteKeyFileError extends Error {
  constructor(file: string, reason: string) {
    super(`site key ${file}: ${reason}`);
    this.name = 'SiteKeyFileError';
  }
}

export interface SiteKey {
  readonly type: KeyType;
  readonly privateKey: KeyObject;
  /** DER of SubjectPublicKeyInfo, as the CGA Parameters hold it. */
  readonly publicKey: Uint8Array;
}

/** Throws SiteKeyFileError when the file is missing, readable by others, or no private key that can sign. */
export function loadSiteKey(file: string): SiteKey {
  let pem: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new SiteKeyFileError(file, `others may read it; chmod 600 ${file}`);
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof SiteKeyFileError) throw error;
    throw new SiteKeyFileError(
      file,
      `cannot be read (${(error as NodeJS.ErrnoException).code}); pshim6 keygen makes one`,
    );
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw new SiteKeyFileError(file, 'is not a private key in PEM');
  }
  try {
    return siteKey(privateKey);
  } catch (error) {
    if (!(error instanceof SiteKeyError)) throw error;
    throw new SiteKeyFileError(file, error.message);
  }
}

export interface NewKey {
  /** RSA, the one type that every peer must know, when absent. */
  readonly type?: KeyType;
  /** Of an RSA modulus. */
  readonly bits?: number;
}

/**
 * Makes a key pair and writes it, owner-readable only. Throws SiteKeyFileError when the file exists or RSA of so many
 * bits cannot sign.
 */
export function createSiteKey(file: string, { type = 'rsa', bits = 2048 }: NewKey = {}): SiteKey {
  if (type === 'rsa' && (bits < MINIMUM_RSA_BITS || bits > MAXIMUM_RSA_BITS)) {
    throw new SiteKeyFileError(
      file,
      `RSA takes ${MINIMUM_RSA_BITS} to ${MAXIMUM_RSA_BITS} bits, not ${bits}`,
    );
  }
  const privateKey = generate(type, bits);
  try {
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new SiteKeyFileError(file, `cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  return siteKey(privateKey);
}

function generate(type: KeyType, bits: number): KeyObject {
  switch (type) {
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
  }
}

/** Throws SiteKeyError. */
function siteKey(privateKey: KeyObject): SiteKey {
  const { type, publicKey } = signingKey(privateKey);
  return { type, privateKey, publicKey };
}
