/** Router advertisements as radvd.conf(5): RFC 4861 §6.2.1, RFC 8106. */
import { formatName, type Name } from '../wire/dns/name.ts';
import { type Address, formatAddress } from '../wire/ipv6/address.ts';
import { formatPrefix, type Prefix } from '../wire/ipv6/prefix.ts';

export interface AdvertisedInterface {
  readonly name: string;
  /** Without autonomous configuration: hosts get addresses by DHCPv6 alone. */
  readonly prefixes: readonly { readonly prefix: Prefix; readonly onLink: boolean }[];
}

export interface AdvertisementSettings {
  readonly interfaces: readonly AdvertisedInterface[];
  /** Seconds between unsolicited ones, at most; at least a third of it. */
  readonly interval: number;
  /** Seconds for which we are a default router; 0: we are none. */
  readonly routerLifetime: number;
  readonly dnsServers: readonly Address[];
  readonly domainSearch: readonly Name[];
}

/** Shortest that radvd takes (RFC 4861 §6.2.1). */
const LEAST_INTERVAL = 3;

export function radvdConfiguration(settings: AdvertisementSettings): string {
  return settings.interfaces.map((one) => interfaceClause(one, settings)).join('\n');
}

function interfaceClause(
  { name, prefixes }: AdvertisedInterface,
  { interval, routerLifetime, dnsServers, domainSearch }: AdvertisementSettings,
): string {
  const least = Math.max(LEAST_INTERVAL, Math.floor(interval / 3));
  // RFC 8106 §5.1: as long as three advertisements are apart, so that one that is lost costs nothing.
  const resolverLifetime = 3 * interval;
  const lines = [
    'AdvSendAdvert on;',
    'AdvManagedFlag on;',
    'AdvOtherConfigFlag on;',
    `MinRtrAdvInterval ${least};`,
    `MaxRtrAdvInterval ${interval};`,
    `AdvDefaultLifetime ${routerLifetime};`,
    ...prefixes.map(
      ({ prefix, onLink }) =>
        `prefix ${formatPrefix(prefix)} { AdvOnLink ${onLink ? 'on' : 'off'}; AdvAutonomous off; };`,
    ),
  ];
  if (dnsServers.length > 0) {
    const addresses = dnsServers.map(formatAddress).join(' ');
    lines.push(`RDNSS ${addresses} { AdvRDNSSLifetime ${resolverLifetime}; };`);
  }
  if (domainSearch.length > 0) {
    const names = domainSearch.map(formatName).join(' ');
    lines.push(`DNSSL ${names} { AdvDNSSLLifetime ${resolverLifetime}; };`);
  }
  return `interface ${name} {\n${lines.map((line) => `  ${line}\n`).join('')}};\n`;
}
