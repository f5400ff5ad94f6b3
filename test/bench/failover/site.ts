/** The site whose uplink fails: two providers on links of their own, and as many contexts as are asked for. */
import { parseConfig } from '../../../control/config/load.ts';
import type { Config } from '../../../control/config/schema.ts';
import type { Address } from '../../../control/wire/ipv6/address.ts';

export const INSIDE = 'inside';
/** Interfaces of the box toward its providers; the other ends have the same names. */
export const PROVIDERS = ['wan0', 'wan1'] as const;

const block = (provider: number) => `2001:db8:${provider + 1}`;
export const boxAddress = (provider: number) => `${block(provider)}:ffff::2/64`;
export const routerAddress = (provider: number) => `${block(provider)}:ffff::1`;

export const failoverConfig = (capacity: number, key: string): Config =>
  parseConfig(`
site: { name: failover, prefixes: ["fc00:db8:1::/48"], key: ${key} }
inside: [{ interface: ${INSIDE}, address: "fc00:db8:1::1" }]
providers:
${PROVIDERS.map(
  (name, index) =>
    `  - { name: ${name}, interface: ${name}, prefix: "${block(index)}::/48", gateway: "${routerAddress(index)}", priority: ${index + 1}, hysteresis: { up-after: 0, damping: { suppress: 100000 } } }`,
).join('\n')}
contexts: { capacity: ${capacity} }
log: { level: error }
`);

function address(prefix: readonly number[], number: number): Address {
  const octets = new Uint8Array(16);
  octets.set(prefix);
  new DataView(octets.buffer).setUint32(12, number + 2);
  return octets;
}

/** ULIDs and locators of the context with that number; hosts and peers by the thousand. */
export const contextOf = (number: number) => {
  const [host, peer] = [number % 1024, Math.floor(number / 1024)];
  return {
    local: address([0xfc, 0, 0x0d, 0xb8, 0, 1], host),
    peer: address([0xfc, 0, 0x0d, 0xb8, 0, 2], peer),
    paths: PROVIDERS.map((_, uplink) => ({
      source: address([0x20, 0x01, 0x0d, 0xb8, 0, uplink + 1], host),
      destination: address([0x20, 0x01, 0x0d, 0xb8, 0, 0x21 + uplink], peer),
      uplink,
    })),
  };
};
