/** Site keys, and hosts' CMULAs made from them. */
import { randomBytes } from 'node:crypto';
import { generateCga } from '../../control/identity/cga.ts';
import { generateHbaSet, type HbaBinding } from '../../control/identity/hba.ts';
import type { KeyType } from '../../control/identity/key-type.ts';
import { createSiteKey } from '../../control/store/site-key.ts';
import { EXTENDED_MODIFIER_LENGTH } from '../../control/wire/cga/extended-modifier.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { combine, parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { inState } from './paths.ts';
import type { LabHost } from './state.ts';
import type { Site, SiteHost } from './topology.ts';

/** RFC 3972 security parameter of the lab's CGAs: about 2^16 hashes each. */
export const SEC = 1;

/** How a site proves its locators, where not as usual: by CGAs of an RSA key. */
export interface IdentityPlan {
  readonly keyType?: KeyType;
  /** Addresses are HBAs: of the site's key, but for hosts in the namespaces of `keyless`. */
  readonly hba?: { readonly keyless: readonly string[] };
}

export const siteKeyFile = (site: Site): string => inState(`${site.name}.key.pem`);

/** Writes the site's key and gives each of its hosts a CMULA that is a CGA of that key, or an HBA. */
export function createIdentities(site: Site, { keyType = 'rsa', hba }: IdentityPlan = {}): LabHost[] {
  const { publicKey } = createSiteKey(siteKeyFile(site), { type: keyType });
  return site.hosts.map((host) =>
    hba === undefined ? cgaHost(site, host, publicKey) : hbaHost(site, host, publicKey, hba.keyless),
  );
}

function cgaHost(site: Site, { namespace, name }: SiteHost, publicKey: Uint8Array): LabHost {
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
    duid: newDuid(),
    modifier: modifierOf(parameters),
  };
}

/** One set for the site's own subnet and the same one at each provider: the CMULA, then the locators. */
function hbaHost(
  site: Site,
  { namespace, name }: SiteHost,
  publicKey: Uint8Array,
  keyless: readonly string[],
): LabHost {
  const subnet = parsePrefix(site.subnet).address;
  const prefixes = [subnet, ...site.providers.map(({ prefix }) => combine(parsePrefix(prefix), subnet))];
  const extendedModifier = new Uint8Array(randomBytes(EXTENDED_MODIFIER_LENGTH));
  const binding: HbaBinding = keyless.includes(namespace) ? { extendedModifier } : { publicKey };
  const modifier = new Uint8Array(randomBytes(16));
  const set = generateHbaSet({ binding, prefixes, sec: SEC, modifier });
  const [cmula, ...locators] = set.map(({ address }) => formatAddress(address));
  return {
    namespace,
    name,
    cmula: cmula!,
    locators,
    duid: newDuid(),
    modifier: modifierOf(set[0]!.parameters),
    hba: {
      prefixes: prefixes.map((prefix) => `${formatAddress(prefix)}/64`),
      ...('extendedModifier' in binding && { 'extended-modifier': hexadecimal(extendedModifier) }),
    },
  };
}

const hexadecimal = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
/** The modifier is the first field of the CGA Parameters (RFC 3972 §3). */
const modifierOf = (parameters: Uint8Array): string => hexadecimal(parameters.subarray(0, 16));

/** A DUID-LL (RFC 8415 §11.4) of a locally administered Ethernet address. */
const newDuid = (): string => `0003000102${hexadecimal(new Uint8Array(randomBytes(5)))}`;
