/**
 * The site's private key: one key pair for all its hosts' CGAs (RFC 3972), in a PEM file (PKCS#8) that its owner alone can
 * read, encrypted (RFC 8018, PBES2) where there is a passphrase.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type KeyType, MAXIMUM_RSA_BITS, MINIMUM_RSA_BITS } from '../identity/key-type.ts';
import { SiteKeyError, signingKey } from '../identity/signing-key.ts';
import { errnoText } from '../observe/errno.ts';

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

/** Environment variable for a passphrase that is in no file. */
export const PASSPHRASE_VARIABLE = 'PSHIM6_KEY_PASSPHRASE';

/** The passphrase in a file that its owner alone can read, or else in the environment. Throws SiteKeyFileError. */
export function readPassphrase(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (file === undefined) return environment[PASSPHRASE_VARIABLE];
  // A final newline is the editor's.
  const passphrase = readSecret(file, 'must hold the passphrase').replace(/\r?\n$/, '');
  if (passphrase === '') throw new SiteKeyFileError(file, 'is empty where the passphrase should be');
  return passphrase;
}

function readSecret(file: string, advice: string): string {
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new SiteKeyFileError(file, `others may read it; chmod 600 ${file}`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof SiteKeyFileError) throw error;
    throw new SiteKeyFileError(file, `cannot be read: ${errnoText(error)}; ${advice}`);
  }
}

/**
 * Throws SiteKeyFileError when the file is missing, readable by others, encrypted with another passphrase, or no private
 * key that can sign.
 */
export function loadSiteKey(file: string, passphrase?: string): SiteKey {
  const pem = readSecret(file, 'pshim6 keygen makes one');
  if (isEncrypted(pem) && passphrase === undefined) {
    const ways = `site.key-passphrase-file or ${PASSPHRASE_VARIABLE}`;
    throw new SiteKeyFileError(file, `is encrypted, and no passphrase was given (${ways})`);
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    throw new SiteKeyFileError(
      file,
      isEncrypted(pem) ? 'the passphrase is wrong' : 'is not a private key in PEM',
    );
  }
  try {
    return siteKey(privateKey);
  } catch (error) {
    if (!(error instanceof SiteKeyError)) throw error;
    throw new SiteKeyFileError(file, error.message);
  }
}

const isEncrypted = (pem: string): boolean => pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');

/** Whether the file's key is encrypted. Throws SiteKeyFileError. */
export const isEncryptedFile = (file: string): boolean =>
  isEncrypted(readSecret(file, 'pshim6 keygen makes one'));

export interface NewKey {
  /** RSA, the one type that every peer must know, when absent. */
  readonly type?: KeyType;
  /** Of an RSA modulus. */
  readonly bits?: number;
  readonly passphrase?: string | undefined;
}

/**
 * Makes a key pair and writes it, owner-readable only. Throws SiteKeyFileError when the file exists or RSA of so many
 * bits cannot sign.
 */
export function createSiteKey(file: string, { type = 'rsa', bits = 2048, passphrase }: NewKey = {}): SiteKey {
  if (type === 'rsa' && (bits < MINIMUM_RSA_BITS || bits > MAXIMUM_RSA_BITS)) {
    throw new SiteKeyFileError(
      file,
      `RSA takes ${MINIMUM_RSA_BITS} to ${MAXIMUM_RSA_BITS} bits, not ${bits}`,
    );
  }
  const key = siteKey(generate(type, bits));
  writeSiteKey(file, key, passphrase);
  return key;
}

/** Writes the key to a file that does not exist, whole and on the disk when it returns. Throws SiteKeyFileError. */
export function writeSiteKey(file: string, { privateKey }: SiteKey, passphrase?: string): void {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption });
  const made = `${file}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    rmSync(made, { force: true });
    writeFileSync(made, pem, { mode: 0o600, flag: 'wx', flush: true });
    // A link, unlike a new name, never replaces a key that is there.
    linkSync(made, file);
    sync(dirname(file));
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const why = exists ? 'is there already, and no key is ever written over (EEXIST)' : undefined;
    throw new SiteKeyFileError(file, why ?? `cannot be written: ${errnoText(error)}`);
  } finally {
    rmSync(made, { force: true });
  }
}

function sync(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export interface KeyOfSite extends NewKey {
  readonly file: string;
  /** Nothing exists yet that was made with a key. */
  readonly isFirstStart: boolean;
}

/** The site's key, made at the first start. Throws SiteKeyFileError: a key that was lost is never replaced silently. */
export function openSiteKey({ file, isFirstStart, ...fresh }: KeyOfSite): SiteKey {
  if (existsSync(file) || !isFirstStart) return loadSiteKey(file, fresh.passphrase);
  return createSiteKey(file, fresh);
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
