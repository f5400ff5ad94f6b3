/** Key pairs of every type, made once for the tests of a file. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { KEY_TYPES, type KeyType } from '../../control/identity/key-type.ts';
import { signingKey } from '../../control/identity/signing-key.ts';

const make: { readonly [T in KeyType]: () => KeyObject } = {
  rsa: () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
  p256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ed25519: () => generateKeyPairSync('ed25519').privateKey,
};

export const newKey = (type: KeyType): KeyObject => make[type]();

export const privateKeys = Object.fromEntries(KEY_TYPES.map((type) => [type, newKey(type)])) as {
  readonly [T in KeyType]: KeyObject;
};

/** DER SubjectPublicKeyInfo of the RSA key. */
export const publicKey = signingKey(privateKeys.rsa).publicKey;
