/** Site keys, and hosts' CMULAs made from them. */
import { randomBytes } from 'node:crypto';
import { generateCga } from '../../control/identity/cga.ts';
import { createSiteKey } from '../../control/store/site-key.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { combine, parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { inState } from './paths.ts';
import type { LabHost } from './state.ts';
import type { Site } from './topology.ts';

/** RFC 3972 security parameter of the lab's CGAs: about 2^16 hashes each. */
export const SEC = 1;

export const siteKeyFile = (site: Site): string => inState(`${site.name}.key.pem`);

/** Writes the site's key and gives each of its hosts a CMULA that is a CGA of that key. */
export function createIdentities(site: Site): LabHost[] {
  const { publicKey } = createSiteKey(siteKeyFile(site));
  return site.hosts.map(({ namespace, name }) => {
    const { address, parameters } = generateCga({
      publicKey,
      subnetPrefix: parsePrefix(site.subnet).address,
      sec: SEC,
      modifier: new Uint8Array(randomBytes(16)),
    });
    return {
      namespace,
      name,
      cmula: formatAddress(address),
      locators: site.providers.map(({ prefix }) => formatAddress(combine(parsePrefix(prefix), address))),
      // The modifier is the first field of the CGA Parameters (RFC 3972 §3).
      modifier: Buffer.from(parameters.subarray(0, 16)).toString('hex'),
    };
  });
}
