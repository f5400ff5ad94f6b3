/** The site's hosts: each name's CMULA, CGA parameters and locators. */
import type { Config } from '../config/schema.ts';
import { generateCga } from '../identity/cga.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { combine } from '../wire/ipv6/prefix.ts';

export interface SiteHost {
  readonly name: string;
  readonly ulid: Address;
  /** CGA Parameters data structure (RFC 3972 §3). */
  readonly parameters: Uint8Array;
  /** One per provider, in the order of the configuration. */
  readonly locators: readonly Address[];
}

/** A host's locator is the provider's prefix followed by the rest of its CMULA: subnet and interface identifier. */
export function siteHosts(config: Config, publicKey: Uint8Array): ReadonlyMap<string, SiteHost> {
  const hosts = new Map<string, SiteHost>();
  for (const host of config.hosts) {
    const { address, parameters } = generateCga({
      publicKey,
      subnetPrefix: host.subnet.address,
      sec: host.sec,
      modifier: Uint8Array.from(Buffer.from(host.modifier, 'hex')),
      collisionCount: host['collision-count'],
    });
    const locators = config.providers.map((provider) => combine(provider.prefix, address));
    hosts.set(addressKey(address), { name: host.name, ulid: address, parameters, locators });
  }
  return hosts;
}
