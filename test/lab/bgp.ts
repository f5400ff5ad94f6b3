/**
 * BGP in the lab, for tests that ask for it: the core and the providers' routers tell each other their prefixes, and
 * the providers tell the sites' boxes. A site announces nothing. A box runs one bgpd for each provider, which fills a
 * kernel table with what that provider reaches.
 */
import { runIn, until } from './command.ts';
import { type FrrInstance, startFrr, vtysh } from './frr.ts';
import { findProvider } from './network.ts';
import { CORE, PROVIDERS, type Provider, type Site } from './topology.ts';

const CORE_AS = 64_496;
const providerAs = ({ table }: Provider): number => 64_500 + table;
const siteAs = (site: Site): number => (site.box === 'p1' ? 65_001 : 65_002);

/** Kernel routing table of a box with what the provider reaches: `liveness: { routes: { table } }`. */
export const bgpTable = ({ table }: Provider): number => 1000 + table;
export const bgpLiveness = (provider: Provider) => ({ routes: { table: bgpTable(provider) } });

const coreInstance: FrrInstance = { name: 'bgp-core', namespace: CORE };
const providerInstance = ({ name }: Provider): FrrInstance => ({ name: `bgp-${name}`, namespace: name });
/** Of a box toward one of its providers. */
export const boxInstance = (site: Site, provider: Provider): FrrInstance => ({
  name: `bgp-${site.box}-${provider.name}`,
  namespace: site.box,
});

/** On the link between core and provider. */
const coreSide = ({ table }: Provider): string => `2001:db8:f:${table}::1`;
const providerSide = ({ table }: Provider): string => `2001:db8:f:${table}::2`;

/** Which of the providers' prefixes the core keeps from `provider`; see `breakMiddle`. */
const hiddenFrom = ({ name }: Provider): string => `hidden-from-${name}`;

/** Starts it everywhere, for the boxes of `sites`; returns when their tables have a route to every provider. */
export async function startBgp(sites: readonly Site[]): Promise<void> {
  for (const { provider } of PROVIDERS) {
    const addresses = [
      [CORE, coreSide(provider), provider.name],
      [provider.name, providerSide(provider), CORE],
    ] as const;
    for (const [namespace, address, device] of addresses)
      await runIn(namespace, ['ip', '-6', 'address', 'add', `${address}/64`, 'dev', device]);
  }
  await startSpeaker(coreInstance, coreConfiguration());
  for (const { site, provider } of PROVIDERS)
    await startSpeaker(providerInstance(provider), providerConfiguration(site, provider));
  for (const site of sites) {
    // All zebras before any route: one that starts takes away what it holds for its own from an earlier life.
    for (const provider of site.providers) await startFrr(boxInstance(site, provider), 'zebra', []);
    for (const provider of site.providers) {
      const configuration = boxConfiguration(site, provider);
      await startFrr(boxInstance(site, provider), 'bgpd', configuration, ['-p', '0']);
    }
  }
  for (const site of sites) for (const provider of site.providers) await bgpRoutesReach(site, provider, 4);
}

/** Resolves when the provider's table of the site's box has so many routes. */
export async function bgpRoutesReach(site: Site, provider: Provider, count: number): Promise<void> {
  await until(
    `${site.box} has ${count} routes by ${provider.name}`,
    async () => {
      const table = String(bgpTable(provider));
      const { stdout } = await runIn(site.box, ['ip', '-6', '-j', 'route', 'show', 'table', table]).catch(
        () => ({ stdout: '[]' }),
      );
      return (JSON.parse(stdout) as unknown[]).length === count;
    },
    30_000,
  );
}

/** What the provider's router says of its session with the site's box: its state, and prefixes that the site announces. */
export async function sessionWithSite(provider: Provider): Promise<{ state: string; prefixes: number }> {
  const summary = await vtysh(providerInstance(provider), 'show bgp ipv6 unicast summary json');
  const { peers } = JSON.parse(summary) as { peers: Record<string, { state: string; pfxRcd: number }> };
  const { state, pfxRcd } = peers[provider.boxAddress]!;
  return { state, prefixes: pfxRcd };
}

/** The router's BGP alone: it installs no routes, the lab's own stay as they are. */
const startSpeaker = (instance: FrrInstance, configuration: readonly string[]) =>
  startFrr(instance, 'bgpd', configuration, ['-Z', '-n']);

const general = (as: number, routerId: string): string[] => [
  'bgp route-map delay-timer 0',
  `router bgp ${as}`,
  ` bgp router-id ${routerId}`,
  ' no bgp ebgp-requires-policy',
  ' no bgp default ipv4-unicast',
  ' no bgp network import-check',
];

const neighbor = (address: string, as: number): string[] => [
  ` neighbor ${address} remote-as ${as}`,
  ` neighbor ${address} timers 1 3`,
  ` neighbor ${address} timers connect 1`,
];

function coreConfiguration(): string[] {
  const rows = PROVIDERS.map(({ provider }) => provider);
  return [
    ...general(CORE_AS, '192.0.2.1'),
    ...rows.flatMap((provider) => neighbor(providerSide(provider), providerAs(provider))),
    ' address-family ipv6 unicast',
    ...rows.flatMap((provider) => [
      `  neighbor ${providerSide(provider)} activate`,
      `  neighbor ${providerSide(provider)} route-map to-${provider.name} out`,
    ]),
    ' exit-address-family',
    'exit',
    ...rows.flatMap((provider) => [
      `route-map to-${provider.name} deny 10`,
      ` match ipv6 address prefix-list ${hiddenFrom(provider)}`,
      `route-map to-${provider.name} permit 20`,
      'exit',
    ]),
  ];
}

const providerConfiguration = (site: Site, provider: Provider): string[] => [
  ...general(providerAs(provider), `192.0.2.${provider.table}`),
  ...neighbor(coreSide(provider), CORE_AS),
  ...neighbor(provider.boxAddress, siteAs(site)),
  ' address-family ipv6 unicast',
  `  network ${provider.prefix}`,
  `  neighbor ${coreSide(provider)} activate`,
  `  neighbor ${provider.boxAddress} activate`,
  ' exit-address-family',
];

const boxConfiguration = (site: Site, provider: Provider): string[] => [
  ...general(siteAs(site), `192.0.2.${100 + provider.table}`),
  ...neighbor(provider.gateway, providerAs(provider)),
  ' address-family ipv6 unicast',
  `  neighbor ${provider.gateway} activate`,
  `  neighbor ${provider.gateway} route-map own-table in`,
  `  neighbor ${provider.gateway} route-map nothing out`,
  ' exit-address-family',
  'exit',
  'route-map own-table permit 10',
  ` set table ${bgpTable(provider)}`,
  'exit',
  'route-map nothing deny 10',
];

/**
 * Nothing gets from one provider to the other any more, and the core withdraws the route: a failure in the middle of
 * the network, of which only BGP tells. One way; carrier and BFD of both stay.
 */
export async function breakMiddle(from: string, to: string): Promise<void> {
  const [{ provider }, { provider: target }] = [findProvider(from), findProvider(to)];
  const rules = `table ip6 ${middle(from, to)} {
  chain forward {
    type filter hook forward priority 0;
    iifname "${provider.name}" ip6 daddr ${target.prefix} drop
  }
}`;
  await runIn(CORE, ['nft', '-f', '-'], { input: rules });
  await configureCore(provider, `ipv6 prefix-list ${hiddenFrom(provider)} permit ${target.prefix}`);
}

export async function mendMiddle(from: string, to: string): Promise<void> {
  const [{ provider }, { provider: target }] = [findProvider(from), findProvider(to)];
  await runIn(CORE, ['nft', 'delete', 'table', 'ip6', middle(from, to)]);
  await configureCore(provider, `no ipv6 prefix-list ${hiddenFrom(provider)} permit ${target.prefix}`);
}

const middle = (from: string, to: string) => `middle-${from}-${to}`;

async function configureCore(provider: Provider, line: string): Promise<void> {
  await vtysh(coreInstance, 'configure terminal', line);
  await vtysh(coreInstance, `clear bgp ipv6 unicast ${providerSide(provider)} soft out`);
}

/** The provider's BGP withdraws everything it has told the box, or tells it again. */
export async function setAnnouncing(provider: Provider, announcing: boolean): Promise<void> {
  const no = announcing ? 'no ' : '';
  await vtysh(
    providerInstance(provider),
    'configure terminal',
    `router bgp ${providerAs(provider)}`,
    `${no}neighbor ${provider.boxAddress} shutdown`,
  );
}
