/**
 * What the lab consists of, as plain data: two sites with two providers each,
 * the Internet between them, and three servers on it. Nothing here touches the
 * machine; network.ts builds it.
 */
import { LAB_NAME } from './name.ts';

/** Every namespace of the lab is this prefix and one of the names below. */
export const NAMESPACE_PREFIX = LAB_NAME === '' ? 'pshim6-' : `pshim6-${LAB_NAME}-`;

export interface Provider {
  /** Of the provider, its router's namespace and the box's interface toward it. */
  readonly name: string;
  /** The block delegated to the site. */
  readonly prefix: string;
  readonly gateway: string;
  /** The box's own address on the link to the provider. */
  readonly boxAddress: string;
  /** 1 is preferred; also the metric of the box's default route. */
  readonly priority: number;
  /** Routing table of the box for what has a source in `prefix`. */
  readonly table: number;
}

export interface SiteHost {
  readonly namespace: string;
  readonly name: string;
}

export interface Site {
  readonly name: string;
  readonly box: string;
  /** Namespace of the Ethernet switch that hosts and box are plugged into. */
  readonly switch: string;
  /** CMULA prefix of the site, and the subnet of its one link. */
  readonly prefix: string;
  readonly subnet: string;
  /** The box's address on the host link: the hosts' router and resolver. */
  readonly router: string;
  readonly domain: string;
  readonly providers: readonly Provider[];
  readonly hosts: readonly SiteHost[];
}

export interface Server {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
}

export function provider(name: string, block: string, priority: number): Provider {
  return {
    name,
    prefix: `2001:db8:${block}::/48`,
    gateway: `2001:db8:${block}:ffff::1`,
    boxAddress: `2001:db8:${block}:ffff::2`,
    priority,
    table: Number(block),
  };
}

/** Site 1 has a third provider, z1, in the few scenarios that ask for it. */
const THIRD_PROVIDER = process.env['PSHIM6_LAB_PROVIDERS'] === '3';

export const SITES: readonly [Site, Site] = [
  {
    name: 'site1',
    box: 'p1',
    switch: 'lan1',
    prefix: 'fc00:db8:1::/48',
    subnet: 'fc00:db8:1::/64',
    router: 'fc00:db8:1::1',
    domain: 'bar.com',
    providers: [
      provider('x1', '11', 1),
      provider('y1', '12', 2),
      ...(THIRD_PROVIDER ? [provider('z1', '13', 3)] : []),
    ],
    hosts: [
      { namespace: 'h1', name: 'h1.bar.com' },
      { namespace: 'h1b', name: 'h1b.bar.com' },
    ],
  },
  {
    name: 'site2',
    box: 'p2',
    switch: 'lan2',
    prefix: 'fc00:db8:2::/48',
    subnet: 'fc00:db8:2::/64',
    router: 'fc00:db8:2::1',
    domain: 'foo.com',
    providers: [provider('x2', '21', 1), provider('y2', '22', 2)],
    hosts: [{ namespace: 'h2', name: 'h2.foo.com' }],
  },
];

/** The router that stands for the Internet. */
export const CORE = 'core';
export const CORE_ADDRESS = '2001:db8:f::1';

export const NAME_SERVER: Server = { namespace: 'ns', name: 'ns.example.net', address: '2001:db8:f::54' };
export const RESOLVER: Server = { namespace: 'res', name: 'res.example.net', address: '2001:db8:f::53' };
export const WEB_SERVER: Server = { namespace: 'web', name: 'web.example.net', address: '2001:db8:f::80' };
/** Another name of the web server, with a ULID record. */
export const PRETENDER = 'pretender.example.net';
export const SERVERS: readonly Server[] = [NAME_SERVER, RESOLVER, WEB_SERVER];

/** The first private-use RR type: the ULID of a name, in RFC 3597 form. */
export const ULID_RECORD_TYPE = 65280;

export const PROVIDERS: readonly { site: Site; provider: Provider }[] = SITES.flatMap((site) =>
  site.providers.map((provider) => ({ site, provider })),
);

/** Short names of all namespaces. */
export const NAMESPACES: readonly string[] = [
  ...SITES.flatMap((site) => [
    ...site.hosts.map((host) => host.namespace),
    site.switch,
    site.box,
    ...site.providers.map((provider) => provider.name),
  ]),
  CORE,
  ...SERVERS.map((server) => server.namespace),
];

/** Namespaces that a test may add to a lab; they go when the lab goes. */
export const GUEST_NAMESPACES: readonly string[] = ['single', 'z1', 'backbone', 'e1', 'e2', 'e3'];
/** Of site 1 where its box has tunnels to exit routers: the network between them, a router for each provider. */
export const BACKBONE = 'backbone';
export const EXIT_ROUTERS: readonly string[] = ['e1', 'e2'];
/** Of a provider that comes later, behind one more router. */
export const FAR_EXIT_ROUTER = 'e3';

/** Namespaces whose programs find their resolver in a file of their own (/etc/netns). */
export const RESOLVER_OF: ReadonlyMap<string, { nameserver: string; search: string }> = new Map([
  ...SITES.flatMap((site) =>
    site.hosts.map((host) => [host.namespace, { nameserver: site.router, search: site.domain }] as const),
  ),
  [WEB_SERVER.namespace, { nameserver: RESOLVER.address, search: 'example.net' }] as const,
]);

export interface LinkEnd {
  readonly namespace: string;
  readonly interface: string;
}

/** A cable. `first` is the box's end where `box` is set. */
export interface Link {
  readonly first: LinkEnd;
  readonly second: LinkEnd;
  readonly box: boolean;
}

function link(first: [string, string], second: [string, string], box = false): Link {
  return {
    first: { namespace: first[0], interface: first[1] },
    second: { namespace: second[0], interface: second[1] },
    box,
  };
}

export const LINKS: readonly Link[] = [
  ...SITES.flatMap((site) => [
    link([site.box, 'lan'], [site.switch, site.box], true),
    ...site.hosts.map((host) => link([host.namespace, 'eth0'], [site.switch, host.namespace])),
    ...site.providers.map(({ name }) => link([site.box, name], [name, site.box], true)),
    ...site.providers.map(({ name }) => link([name, CORE], [CORE, name])),
  ]),
  ...SERVERS.map((server) => link([server.namespace, 'eth0'], [CORE, server.namespace])),
];
