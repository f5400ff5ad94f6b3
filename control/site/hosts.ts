/** The site's hosts: each name's CMULA, CGA parameters and locators. */
import type { Config, HostConfig } from '../config/schema.ts';
import { findModifier, generateCga } from '../identity/cga.ts';
import { generateHbaSet, hbaFields } from '../identity/hba.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { combine, containsAddress, type Prefix } from '../wire/ipv6/prefix.ts';

export interface SiteHost {
  readonly name: string;
  readonly ulid: Address;
  /** CGA Parameters data structure (RFC 3972 §3). */
  readonly parameters: Uint8Array;
  /** One per provider, in the order of the configuration. */
  readonly locators: readonly Address[];
}

/** The modifier of a host was found for another Sec, key or prefix set: with this one its CMULA would be another. */
export class ModifierError extends Error {
  constructor(index: number, name: string, sec: number, command: string) {
    super(
      `hosts.${index}.modifier: not of sec ${sec} for ${name} with this key; pshim6 ${command} makes one that is`,
    );
    this.name = 'ModifierError';
  }
}

/** Keyed by `addressKey` of the CMULA. Throws ModifierError. */
export function siteHosts(config: Config, publicKey: Uint8Array): ReadonlyMap<string, SiteHost> {
  const prefixes = config.providers.map(({ prefix }) => prefix);
  const hosts = config.hosts.map((host, index): SiteHost => {
    const { name, sec, hba } = host;
    const fields = hba === undefined ? { publicKey, extensions: [] } : hbaFields(hbaSet(hba, publicKey));
    if ('next' in findModifier({ ...fields, sec, modifier: modifierOf(host) }, 1)) {
      throw new ModifierError(index, name, sec, hba === undefined ? 'cga' : 'hba');
    }
    return hba === undefined ? cgaHost(host, prefixes, publicKey) : hbaHost(host, hba, prefixes, publicKey);
  });
  return new Map(hosts.map((host) => [addressKey(host.ulid), host]));
}

/** A CGA's locator is the provider's prefix followed by the rest of the CMULA: subnet and interface identifier. */
function cgaHost(host: HostConfig, providers: readonly Prefix[], publicKey: Uint8Array): SiteHost {
  const { address, parameters } = generateCga({
    publicKey,
    subnetPrefix: host.subnet.address,
    sec: host.sec,
    modifier: modifierOf(host),
    collisionCount: host['collision-count'],
  });
  const locators = providers.map((prefix) => combine(prefix, address));
  return { name: host.name, ulid: address, parameters, locators };
}

/**
 * An HBA's locators are the other members of its set, each with an interface identifier of its own. For a provider
 * that is not in the set the locator is made as for a CGA, and needs the site's signature (RFC 5535 §8.1).
 */
function hbaHost(
  host: HostConfig,
  hba: HbaConfig,
  providers: readonly Prefix[],
  publicKey: Uint8Array,
): SiteHost {
  const set = generateHbaSet({
    ...hbaSet(hba, publicKey),
    sec: host.sec,
    modifier: modifierOf(host),
    collisionCount: host['collision-count'],
  });
  const member = (subnet: Address) =>
    set.find(({ address }) => containsAddress({ address: subnet, length: 64 }, address));
  // The configuration was refused unless the host's subnet is in its set.
  const { address, parameters } = member(host.subnet.address)!;
  const locators = providers.map(
    (prefix) => member(combine(prefix, host.subnet.address))?.address ?? combine(prefix, address),
  );
  return { name: host.name, ulid: address, parameters, locators };
}

type HbaConfig = NonNullable<HostConfig['hba']>;

const hbaSet = ({ prefixes, 'extended-modifier': extended }: HbaConfig, publicKey: Uint8Array) => ({
  binding: extended === undefined ? { publicKey } : { extendedModifier: octets(extended) },
  prefixes: prefixes.map(({ address }) => address),
});

const modifierOf = (host: HostConfig): Uint8Array => octets(host.modifier);
const octets = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));
