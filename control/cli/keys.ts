/** pshim6 keygen and pshim6 cga. */
import { randomBytes } from 'node:crypto';
import { generateCga, type SecurityParameter } from '../identity/cga.ts';
import { createSiteKey, loadSiteKey } from '../store/site-key.ts';
import { AddressError, formatAddress } from '../wire/ipv6/address.ts';
import { parsePrefix } from '../wire/ipv6/prefix.ts';

/** Throws SiteKeyFileError. */
export function makeKey(file: string, bits: number): void {
  createSiteKey(file, bits);
  console.log(`${file}: RSA ${bits}`);
}

/** Throws SiteKeyFileError and AddressError. */
export function makeCga(options: { key: string; subnet: string; sec: number; json?: boolean }): void {
  const subnet = parsePrefix(options.subnet);
  if (subnet.length !== 64) throw new AddressError(options.subnet, 'a /64');
  if (options.sec > 2) throw new AddressError(`--sec ${options.sec}`, '0, 1 or 2');
  const { publicKey } = loadSiteKey(options.key);
  const { address, parameters } = generateCga({
    publicKey,
    subnetPrefix: subnet.address,
    sec: options.sec as SecurityParameter,
    modifier: new Uint8Array(randomBytes(16)),
    collisionCount: 0,
  });
  // The modifier comes first in the CGA Parameters data structure (RFC 3972 §3).
  const modifier = Buffer.from(parameters.subarray(0, 16)).toString('hex');
  const row = { modifier, sec: options.sec, subnet: options.subnet, address: formatAddress(address) };
  console.log(
    options.json
      ? JSON.stringify(row, null, 2)
      : `modifier: ${row.modifier}\nsec: ${row.sec}\naddress: ${row.address}`,
  );
}
