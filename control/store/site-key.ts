/** The site's private key: one RSA key pair for all its hosts' CGAs (RFC 3972), in a PEM file (PKCS#8). */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';

export class SiteKeyFileError extends Error {
  constructor(file: string, reason: string) {
    super(`site key ${file}: ${reason}`);
    this.name = 'SiteKeyFileError';
  }
}

export interface SiteKey {
  readonly privateKey: KeyObject;
  /** DER of SubjectPublicKeyInfo, as the CGA Parameters hold it. */
  readonly publicKey: Uint8Array;
}

/** Throws SiteKeyFileError when the file is missing, readable by others, or no private key. */
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
  try {
    const privateKey = createPrivateKey(pem);
    return { privateKey, publicKey: encodePublicKey(privateKey) };
  } catch {
    throw new SiteKeyFileError(file, 'is not a private key in PEM');
  }
}

/** Makes a key pair and writes it, owner-readable only. Throws SiteKeyFileError when the file exists. */
export function createSiteKey(file: string, bits = 2048): SiteKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  try {
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new SiteKeyFileError(file, `cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  return { privateKey, publicKey: encodePublicKey(privateKey) };
}

const encodePublicKey = (key: KeyObject) =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }));
