/** Single facts that the store keeps of a site. */
import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { type SiteKey, SiteKeyFileError } from '../store/site-key.ts';
import type { Change, StoreContents } from '../store/store.ts';
import { equalOctets } from '../wire/octets.ts';

/** Setting: the fingerprint of the key that the store's addresses were made with. */
export const SITE_KEY = 'site-key';
const SERVER_DUID = 'server-duid';

export const setting = (contents: StoreContents, key: string): Uint8Array | undefined =>
  contents.settings.find((row) => row.key === key)?.value;

/** SHA-256 of the public key, DER. */
export const keyFingerprint = (publicKey: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(publicKey).digest());

/** Every address in the store hashes the site's key. Throws SiteKeyFileError when it is another one now. */
export function checkKey(contents: StoreContents, { publicKey }: SiteKey, { site, store }: Config): Change[] {
  const fingerprint = keyFingerprint(publicKey);
  const known = setting(contents, SITE_KEY);
  if (known !== undefined && !equalOctets(known, fingerprint)) {
    const found = Buffer.from(fingerprint).toString('hex').slice(0, 16);
    const expected = Buffer.from(known).toString('hex').slice(0, 16);
    throw new SiteKeyFileError(
      site.key,
      `is ${found}, but the addresses in ${store.path} were made with ${expected}; bring that key back (pshim6 keys import), or begin with another store`,
    );
  }
  return known === undefined ? [{ table: 'settings', put: { key: SITE_KEY, value: fingerprint } }] : [];
}

/** RFC 6355: 128 random bits that are a version 4 UUID, behind the type. */
export function serverDuid(
  contents: StoreContents,
  random: (length: number) => Uint8Array,
): [duid: Uint8Array, changes: Change[]] {
  const known = setting(contents, SERVER_DUID);
  if (known !== undefined) return [known, []];
  const uuid = random(16);
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  const value = Uint8Array.of(0, 4, ...uuid);
  return [value, [{ table: 'settings', put: { key: SERVER_DUID, value } }]];
}
