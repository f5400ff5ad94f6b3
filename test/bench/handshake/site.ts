/** Two sites for the benchmark: their configuration and, by rule, the addresses of all their hosts. */
import { createHash } from 'node:crypto';
import { parseConfig } from '../../../control/config/load.ts';
import type { Config } from '../../../control/config/schema.ts';
import { siteHosts } from '../../../control/site/hosts.ts';
import { loadSiteKey } from '../../../control/store/site-key.ts';
import type { Address } from '../../../control/wire/ipv6/address.ts';

export interface BenchHost {
  readonly ulid: Address;
  readonly locators: readonly Address[];
}

export type SiteNumber = 1 | 2;
export const INSIDE = 'inside';
export const PROVIDER = 'provider';

/** Each site's link to the one provider both share: addresses of the two boxes on it. */
const boxAddress = (site: SiteNumber) => `2001:db8:${site}:ffff::1`;
export const providerAddresses = (site: SiteNumber) => `${boxAddress(site)}/32`;

/** `hosts` hosts with made-up modifiers, Sec 0: what a handshake costs does not depend on Sec. */
export function siteConfig(site: SiteNumber, hosts: number, capacity: number, key: string): Config {
  const rows = Array.from({ length: hosts }, (_, index) => {
    const modifier = createHash('md5').update(`${site} ${index}`).digest('hex');
    return `  - { name: h${index}, subnet: "fc00:db8:${site}::/64", modifier: "${modifier}", sec: 0 }`;
  });
  return parseConfig(`
site: { name: bench${site}, prefixes: ["fc00:db8:${site}::/48"], key: ${key} }
inside: [{ interface: ${INSIDE}, address: "fc00:db8:${site}::1" }]
providers:
  - { name: p, interface: ${PROVIDER}, prefix: "2001:db8:${site}::/48", gateway: "${boxAddress(site === 1 ? 2 : 1)}" }
contexts: { capacity: ${capacity} }
datapath: { punts: { total: 1000000, per-source: 1000000 } }
log: { level: error }
hosts:
${rows.join('\n')}
`);
}

/** In the order of the configuration. */
export function hostsOf(config: Config): readonly BenchHost[] {
  const hosts = siteHosts(config, loadSiteKey(config.site.key).publicKey).values();
  return [...hosts].map(({ ulid, locators }) => ({ ulid, locators: locators.map(({ address }) => address) }));
}
