/** Builds and removes the lab's namespaces, cables, addresses, routes and filters. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { LabError, run, runIn, together } from './command.ts';
import { PASS_PROGRAM } from './paths.ts';
import {
  CORE,
  CORE_ADDRESS,
  GUEST_NAMESPACES,
  LINKS,
  type LinkEnd,
  NAMESPACE_PREFIX,
  NAMESPACES,
  PROVIDERS,
  type Provider,
  SERVERS,
  SITES,
  type Site,
} from './topology.ts';
import type { Wire } from './vlans.ts';

const NETNS_DIRECTORY = '/run/netns';

/** What a namespace is given: lines for `ip -batch`, then for the shell. */
interface Recipe {
  readonly ip: string[];
  readonly shell: string[];
}

export const SYSCTLS = [
  // Addresses are ours alone: no second of duplicate address detection.
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.default.accept_ra=0',
];
export const ROUTER_SYSCTLS = [
  'net.ipv6.conf.all.forwarding=1',
  // Errors one after the other: several programs trace the way at once.
  'net.ipv6.icmp.ratelimit=0',
  'net.ipv6.conf.default.forwarding=1',
  'net.ipv6.conf.all.ignore_routes_with_linkdown=1',
  'net.ipv6.conf.default.ignore_routes_with_linkdown=1',
  // An uplink that is cut and healed has its addresses again.
  'net.ipv6.conf.all.keep_addr_on_down=1',
  'net.ipv6.conf.default.keep_addr_on_down=1',
];
/** The kernel takes its default router from router advertisements; addresses are not made from them. */
const ADVERTISED_SYSCTLS = ['net.ipv6.conf.default.accept_ra=1', 'net.ipv6.conf.default.autoconf=0'];
const SWITCH_SYSCTLS = ['net.ipv6.conf.default.disable_ipv6=1'];

const routers = new Set([
  CORE,
  ...SITES.map((site) => site.box),
  ...PROVIDERS.map((row) => row.provider.name),
]);
const hosts = new Set(SITES.flatMap((site) => site.hosts.map(({ namespace }) => namespace)));
const switches = new Set(SITES.map((site) => site.switch));

/**
 * XDP sees what the sender's stack left to "hardware" that a veth pair does not have: checksums
 * not filled in, 64 KB segments, VLAN tags beside the frame. Between box and neighbour both ends
 * do that work themselves, like a driver without offloads. Hosts keep their defaults: their
 * cable ends at the switch, whose port toward the box segments and sums.
 */
export const offloadsOff = (device: string): string =>
  `ethtool -K ${device} rx off tx off sg off tso off gso off gro off rxvlan off txvlan off`;

/**
 * A veth end takes redirected frames only while an XDP program runs on it. iproute2 mounts the BPF
 * file system and leaves directories there: `ip netns exec` gives it a /sys that vanishes with it.
 */
export const receiveRedirected = ({ namespace, interface: device }: LinkEnd): string =>
  `ip netns exec ${NAMESPACE_PREFIX}${namespace} ip link set dev ${device} xdpdrv obj ${PASS_PROGRAM} sec xdp`;

/** What the box loses when its interface toward the provider is no more. */
export const uplinkRoutes = ({ name, gateway, boxAddress, priority, table }: Provider): string[] => [
  `addr add ${boxAddress}/64 dev ${name}`,
  `route add default via ${gateway} dev ${name} metric ${priority}`,
  `route add default via ${gateway} dev ${name} table ${table}`,
];

function boxRecipe(site: Site): Recipe {
  const ip = [
    `addr add ${site.router}/64 dev lan`,
    // Specific routes first, then the provider that owns the source, then the default.
    'rule add priority 900 lookup main suppress_prefixlength 0',
    // What no rewrite took must not leave with an address that nobody can answer.
    `rule add priority 1100 from ${site.prefix} unreachable`,
    'route add unreachable fc00::/7 metric 9999',
  ];
  for (const provider of site.providers) {
    const { prefix, table } = provider;
    ip.push(
      ...uplinkRoutes(provider),
      `rule add priority 1000 from ${prefix} lookup ${table}`,
      `route add unreachable ${prefix} metric 9999`,
    );
  }
  return { ip, shell: [] };
}

/** What a provider's router loses when its interface toward the box goes down. */
export const customerRoutes = (site: Site, { prefix, boxAddress, gateway }: Provider): string[] => [
  `addr replace ${gateway}/64 dev ${site.box}`,
  `route replace ${prefix} via ${boxAddress} dev ${site.box}`,
];

export function providerRecipe(site: Site, provider: Provider): Recipe {
  const rules = `table ip6 provider {
  counter not_delegated {}
  counter unique_local {}
  chain ingress {
    type filter hook prerouting priority raw;
    iifname "${site.box}" ip6 saddr fe80::/10 accept
    ip6 saddr fc00::/7 counter name unique_local drop
    ip6 daddr fc00::/7 counter name unique_local drop
    iifname "${site.box}" ip6 saddr != ${provider.prefix} counter name not_delegated drop
  }
}`;
  return {
    ip: [
      ...customerRoutes(site, provider),
      'addr add fe80::2/64 dev core',
      'route add default via fe80::1 dev core',
      // While the customer is cut off its packets stop here instead of circling.
      `route add unreachable ${provider.prefix} metric 9999`,
    ],
    shell: [`nft -f - <<'END'\n${rules}\nEND`],
  };
}

function switchRecipe(site: Site): Recipe {
  const ports = [site.box, ...site.hosts.map(({ namespace }) => namespace)];
  const ip = ['link add name lan up type bridge mcast_snooping 0'];
  return { ip: [...ip, ...ports.map((port) => `link set dev ${port} master lan`)], shell: [] };
}

function coreRecipe(): Recipe {
  const ip = [`addr add ${CORE_ADDRESS}/128 dev lo`];
  for (const { provider } of PROVIDERS) {
    ip.push(
      `addr add fe80::1/64 dev ${provider.name}`,
      `route add ${provider.prefix} via fe80::2 dev ${provider.name}`,
    );
  }
  for (const { namespace, address } of SERVERS) {
    ip.push(`addr add fe80::1/64 dev ${namespace}`, `route add ${address} dev ${namespace}`);
  }
  return { ip, shell: [] };
}

/** `advertised`: hosts hear of addresses and routers by DHCPv6 and router advertisements. */
export type HostAddresses = ReadonlyMap<string, string> | 'advertised';

const EMPTY: Recipe = { ip: [], shell: [] };

function hostRecipe(site: Site, namespace: string, addresses: ReadonlyMap<string, string>): Recipe {
  const address = addresses.get(namespace);
  if (address === undefined) throw new LabError(`host ${namespace} was given no address`);
  return {
    ip: [`addr add ${address}/64 dev eth0`, `route add default via ${site.router} dev eth0`],
    shell: [],
  };
}

function recipes(hostAddresses: HostAddresses): Map<string, Recipe> {
  const result = new Map<string, Recipe>([[CORE, coreRecipe()]]);
  for (const site of SITES) {
    result.set(site.box, boxRecipe(site));
    result.set(site.switch, switchRecipe(site));
    for (const provider of site.providers) result.set(provider.name, providerRecipe(site, provider));
    for (const { namespace } of site.hosts) {
      result.set(
        namespace,
        hostAddresses === 'advertised' ? EMPTY : hostRecipe(site, namespace, hostAddresses),
      );
    }
  }
  for (const { namespace, address } of SERVERS) {
    result.set(namespace, {
      ip: [`addr add ${address}/128 dev eth0`, 'route add default via fe80::1 dev eth0'],
      shell: [],
    });
  }
  return result;
}

/** Cables plugged in at both ends: nothing can be routed over one before that. */
function cables(wireOf: WireOf): Map<string, Recipe> {
  const result = new Map(
    NAMESPACES.map((name) => [name, { ip: ['link set dev lo up'], shell: [] as string[] }]),
  );
  for (const { first, second, box } of LINKS) {
    for (const end of [first, second]) {
      const { ip, shell } = result.get(end.namespace)!;
      const wire = wireOf(end);
      if (wire !== undefined) {
        ip.push(`link set dev ${wire.interface} up`);
        ip.push(`link add link ${wire.interface} name ${end.interface} type vlan id ${wire.vlan}`);
      }
      ip.push(`link set dev ${end.interface} up`);
      if (box) shell.push(offloadsOff(cableOf(end, wireOf).interface));
    }
    if (box) result.get(second.namespace)!.shell.push(receiveRedirected(cableOf(second, wireOf)));
  }
  return result;
}

/** What is beneath an interface, if it is that of a VLAN. */
type WireOf = (end: LinkEnd) => Wire | undefined;

const cableOf = (end: LinkEnd, wireOf: WireOf): LinkEnd => ({
  ...end,
  interface: wireOf(end)?.interface ?? end.interface,
});

/** Names of the lab's namespaces that exist, without their prefix. */
export function existingNamespaces(): string[] {
  if (!existsSync(NETNS_DIRECTORY)) return [];
  const present = new Set(readdirSync(NETNS_DIRECTORY));
  // With three providers z1 is no guest.
  const known = new Set([...NAMESPACES, ...GUEST_NAMESPACES]);
  return [...known].filter((name) => present.has(NAMESPACE_PREFIX + name));
}

/** Whether iproute2 has made its directory of namespaces a mount yet. */
export function namespacesMounted(): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${NETNS_DIRECTORY} `);
}

/** Creates everything. `hostAddresses`: namespace of each host -> its CMULA. */
export async function buildNetwork(
  hostAddresses: HostAddresses,
  wireOf: WireOf = () => undefined,
): Promise<void> {
  if (!existsSync(PASS_PROGRAM)) throw new LabError(`${PASS_PROGRAM} is missing: run make -C bpf`);
  const batch = (lines: readonly string[]): Promise<unknown> =>
    run(['ip', '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  await batch(NAMESPACES.map((name) => `netns add ${NAMESPACE_PREFIX}${name}`));
  // Interfaces take their settings from "default" when they are created.
  await Promise.all(
    NAMESPACES.map((name) =>
      runIn(name, [
        'sysctl',
        '-qw',
        ...SYSCTLS,
        ...(routers.has(name) ? ROUTER_SYSCTLS : []),
        ...(switches.has(name) ? SWITCH_SYSCTLS : []),
        ...(hosts.has(name) && hostAddresses === 'advertised' ? ADVERTISED_SYSCTLS : []),
      ]),
    ),
  );
  await batch(
    LINKS.map((link) => {
      const [first, second] = [cableOf(link.first, wireOf), cableOf(link.second, wireOf)];
      return (
        `link add name ${first.interface} netns ${NAMESPACE_PREFIX}${first.namespace} type veth ` +
        `peer name ${second.interface} netns ${NAMESPACE_PREFIX}${second.namespace}`
      );
    }),
  );
  await follow(cables(wireOf));
  await follow(recipes(hostAddresses));
}

async function follow(recipes: ReadonlyMap<string, Recipe>): Promise<void> {
  await together(
    [...recipes].map(([name, { ip, shell }]) => {
      const script = ['set -e', `ip -6 -batch - <<'END'\n${ip.join('\n')}\nEND`, ...shell].join('\n');
      return runIn(name, ['sh'], { input: script });
    }),
  );
}

/** Processes that live in a namespace of the lab. */
export async function processesIn(namespace: string): Promise<number[]> {
  const { stdout } = await run(['ip', 'netns', 'pids', NAMESPACE_PREFIX + namespace]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** Removes the lab's namespaces, and iproute2's mount when the lab brought it. */
export async function removeNetwork(options: { unmount: boolean }): Promise<void> {
  await Promise.all(
    existingNamespaces().map((name) => run(['ip', 'netns', 'delete', NAMESPACE_PREFIX + name])),
  );
  if (options.unmount && namespacesMounted() && readdirSync(NETNS_DIRECTORY).length === 0) {
    await run(['umount', NETNS_DIRECTORY]);
  }
}

export function findProvider(name: string): { site: Site; provider: Provider } {
  const row = PROVIDERS.find(({ provider }) => provider.name === name);
  const names = PROVIDERS.map(({ provider }) => provider.name).join(', ');
  if (row === undefined)
    throw new LabError(`no provider is called ${JSON.stringify(name)}: there are ${names}`);
  return row;
}

/** Cuts the cable between a provider and the box: the box's uplink loses its carrier. */
export async function cutUplink(name: string): Promise<void> {
  const { site } = findProvider(name);
  await runIn(name, ['ip', 'link', 'set', 'dev', site.box, 'down']);
}

export async function healUplink(name: string): Promise<void> {
  const { site, provider } = findProvider(name);
  const lines = [`link set dev ${site.box} up`, ...customerRoutes(site, provider)];
  await runIn(name, ['ip', '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

export interface ProviderLink {
  readonly name: string;
  readonly up: boolean;
  /** Packets from the site whose source the provider did not delegate. */
  readonly notDelegated: number;
  /** Packets with an address out of fc00::/7, either way. */
  readonly uniqueLocal: number;
}

interface NftCounter {
  readonly counter?: { readonly name: string; readonly packets: number };
}

export async function inspectProvider(name: string): Promise<ProviderLink> {
  const { site } = findProvider(name);
  const [link, counters] = await Promise.all([
    runIn(name, ['ip', '-j', 'link', 'show', 'dev', site.box]),
    runIn(name, ['nft', '-j', 'list', 'counters']),
  ]);
  const [{ flags }] = JSON.parse(link.stdout) as [{ flags: string[] }];
  const { nftables } = JSON.parse(counters.stdout) as { nftables: NftCounter[] };
  const packets = (counter: string): number =>
    nftables.find((entry) => entry.counter?.name === counter)?.counter?.packets ?? 0;
  return {
    name,
    up: flags.includes('LOWER_UP'),
    notDelegated: packets('not_delegated'),
    uniqueLocal: packets('unique_local'),
  };
}
