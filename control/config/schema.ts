/** What a configuration file may say. Defaults are here and nowhere else. */
import { z } from 'zod';
import { KEY_TYPES } from '../identity/key-type.ts';
import { dhcpClientFields, dhcpSchema } from './dhcp.ts';
import { dnsSchema } from './dns.ts';
import { address, interfaceName, prefix, subnet } from './fields.ts';
import { publicationSchema } from './publication.ts';
import { reapSchema } from './reap.ts';
import { steeringSchema } from './steering.ts';
import { tunnelSchema } from './tunnel.ts';

const mtu = z.int().min(1280).max(65535).optional();
const name = z.string().min(1).max(255);

/** Seconds. */
const seconds = (least: number, most: number) => z.number().min(least).max(most);

/** When an uplink that was lost is used again; docs/uplinks.md. It is always down at once. */
const hysteresis = z.strictObject({
  /** Seconds that all its sources must be content. */
  'up-after': seconds(0, 3600).default(3),
  /** Of an uplink that flaps, RFC 2439: one loss adds 1000 to its penalty. */
  damping: z
    .strictObject({
      /** Seconds. */
      'half-life': seconds(1, 3600).default(60),
      suppress: z.int().min(1001).max(100_000).default(3000),
      reuse: z.int().min(1).max(100_000).default(1000),
      /** Seconds that the longest suppression lasts. */
      longest: seconds(1, 86_400).default(300),
    })
    .refine(({ suppress, reuse }) => reuse < suppress, 'reuse must be less than suppress')
    .prefault({}),
});

/** What tells, besides carrier and the router's answers, whether an uplink works; docs/uplinks.md. */
const liveness = z.strictObject({
  neighbour: z
    .strictObject({
      /** Seconds between confirmations that the provider's router is there; it is missed three seconds later. */
      interval: seconds(1, 3600).default(5),
    })
    .prefault({}),
  /** A session of FRR's bfdd (RFC 5880). */
  bfd: z
    .strictObject({
      /** The provider's router when absent, or the exit router where there is a tunnel. */
      peer: address.optional(),
      /** bfdd's control socket (`--bfdctl`). */
      socket: z.string().min(1).max(107).default('/var/run/frr/bfdd.sock'),
    })
    .optional(),
  /** A kernel routing table with what the provider reaches, which a routing daemon keeps. */
  routes: z.strictObject({ table: z.int().min(1).max(0xffffffff) }).optional(),
  /** ICMPv6 echoes, where nothing better tells. */
  probe: z
    .strictObject({
      /** Hosts that are always there, beyond the provider; all silent at once is a failure. */
      targets: z.array(address).min(1).max(8),
      /** Seconds between rounds. */
      interval: seconds(0.1, 60).default(1),
      /** Rounds without any answer that are a failure. */
      loss: z.int().min(1).max(100).default(3),
      /** An address of the box itself out of the provider's prefix; when absent, the first that it has. */
      source: address.optional(),
    })
    .optional(),
});

export const providerSchema = z.strictObject({
  name,
  /** An Ethernet interface, or a VLAN interface on one. */
  interface: interfaceName,
  /** The block of locators this provider delegated to the site. */
  prefix,
  /** The provider's router on the link; with a tunnel the next hop toward the exit router, or itself. */
  gateway: address,
  /** The exit router that has the provider's link; without one, the box has it. */
  tunnel: tunnelSchema.optional(),
  /** Octets; the interface's own when absent, less what a tunnel adds. */
  mtu,
  /** Lower is preferred. */
  priority: z.int().min(0).max(255).default(1),
  weight: z.int().min(0).max(255).default(1),
  liveness: liveness.prefault({}),
  hysteresis: hysteresis.prefault({}),
  /**
   * When contexts that left this provider go back to it: after so many seconds in which it was up, or never (new ones
   * use it at once, and those that have to leave another).
   */
  revert: z.union([seconds(0, 86_400), z.literal('never')], 'seconds, or never').default(30),
});

/** What an HBA set is made of besides the modifier (RFC 5535 §6); `pshim6 hba` prints it. */
const hba = z.strictObject({
  /** All /64s of the set, the host's subnet among them. They and their order are hashed into every address. */
  prefixes: z.array(subnet).min(1).max(33),
  /** 48 octets in hexadecimal, in place of the site's key: the addresses are HBAs only, and their set is final. */
  'extended-modifier': z
    .string()
    .regex(/^[0-9a-f]{96}$/i, 'an extended modifier is 96 hexadecimal digits')
    .optional(),
});

const host = z.strictObject({
  name,
  subnet,
  /** CGA modifier (RFC 3972 §3): 16 octets in hexadecimal. */
  modifier: z.string().regex(/^[0-9a-f]{32}$/i, 'a modifier is 32 hexadecimal digits'),
  sec: z.literal([0, 1, 2]).default(1),
  'collision-count': z.int().min(0).max(2).default(0),
  /** Needed, and allowed, when `site.identity` is hba. */
  hba: hba.optional(),
  ...dhcpClientFields,
});

export const configSchema = z.strictObject({
  site: z
    .strictObject({
      name,
      /** The site's CMULA prefixes. */
      prefixes: z.array(prefix).min(1).max(8),
      /** PEM file of the site's private key; made at the first start where there are no hosts below. */
      key: z.string().min(1),
      /** Of the key that the first start makes. */
      'key-type': z.enum(KEY_TYPES).default('rsa'),
      /** Its first line decrypts the key, and encrypts one that is made. */
      'key-passphrase-file': z.string().min(1).optional(),
      /**
       * What proves that locators are a host's. `cga`: a signature; any provider's prefix will do. `hba`: the hash in its
       * addresses, without a signature; prefixes that came after the set was made need one still.
       */
      identity: z.enum(['cga', 'hba']).default('cga'),
      /** How hosts' locators are made; those made before stay. `hba` goes with `identity: hba` and is its default. */
      locators: z.enum(['same-interface-identifier', 'hba', 'checksum-neutral']).optional(),
      /** Of the addresses that the box makes by itself: RFC 3972 security parameter. */
      sec: z.literal([0, 1, 2]).default(1),
      /** How many modifiers are mined ahead, per subnet's set where `identity` is hba. */
      pool: z.int().min(1).max(100_000).default(64),
      /** Types of keys accepted from peers. */
      'peer-keys': z
        .array(z.enum(KEY_TYPES))
        .min(1)
        .default([...KEY_TYPES]),
    })
    .transform(({ locators, ...site }) => ({
      ...site,
      locators:
        locators ?? (site.identity === 'hba' ? ('hba' as const) : ('same-interface-identifier' as const)),
    })),
  inside: z.array(z.strictObject({ interface: interfaceName, address, mtu })).min(1),
  providers: z.array(providerSchema).min(1).max(32),
  hosts: z.array(host).default([]),
  /** Destinations that are ULIDs and never routable. */
  ulids: z.array(prefix).min(1).max(4).prefault(['fc00::/8']),
  contexts: z
    .strictObject({
      /** Most contexts held at once. */
      capacity: z.int().min(16).max(4194304).default(65536),
      /** Most forked contexts of a pair of hosts, whichever side asks for them (RFC 5533 §4.2). */
      forks: z.int().min(0).max(255).default(16),
      /** Seconds without a packet, either way, after which one is discarded (RFC 5533 §9: 300 at least). */
      idle: z.int().min(10).max(604_800).default(600),
    })
    .prefault({}),
  /** Peers without SHIM6: the host's CMULA is translated to one of its locators. */
  nat: z
    .strictObject({
      enabled: z.boolean().default(true),
      /**
       * What a host hears that sends a segment of a TCP connection whose provider is down. `rst`: the connection is
       * reset; `icmp`: destination unreachable, which few stacks act on; `silent`: nothing, the segment leaves by
       * another provider and the peer may reset the connection, or not.
       */
      'on-provider-loss': z.enum(['rst', 'icmp', 'silent']).default('rst'),
    })
    .prefault({}),
  'first-packets': z
    .strictObject({
      'per-pair': z.int().min(1).max(1024).default(32),
      total: z.int().min(1).max(65536).default(4096),
      /** Seconds a packet may wait for its context. */
      patience: z.number().min(0.1).max(60).default(15),
    })
    .prefault({}),
  dns: dnsSchema.optional(),
  publication: publicationSchema.optional(),
  store: z
    .strictObject({
      /** What the box must remember, an SQLite file; copy it with the files beside it, the daemon stopped. */
      path: z.string().min(1).default('/var/lib/pshim6/site.db'),
    })
    .prefault({}),
  dhcp: dhcpSchema.optional(),
  control: z
    .strictObject({
      socket: z.string().min(1).max(107).default('/run/pshim6/pshim6.sock'),
      /** Group that may use the socket besides root. */
      group: z.string().min(1).optional(),
    })
    .prefault({}),
  /** What is told by `pshim6 outages`. */
  outages: z
    .strictObject({
      kept: z.int().min(1).max(10_000).default(500),
      /** Where they are kept over restarts; in memory only when absent. */
      file: z.string().min(1).optional(),
    })
    .prefault({}),
  datapath: z
    .strictObject({
      mode: z.enum(['native', 'generic']).default('native'),
      /** Require payload to come from one of the peer's locators. */
      'strict-source': z.boolean().default(true),
      /** Hosts' TCP SYNs announce no larger segments than fit with the payload header. */
      'clamp-mss': z.boolean().default(false),
      /** Punts a second to the controller, in all and from one source. */
      punts: z
        .strictObject({
          total: z.int().min(10).max(1_000_000).default(20_000),
          'per-source': z.int().min(1).max(1_000_000).default(2_000),
        })
        .prefault({}),
    })
    .prefault({}),
  reap: reapSchema.prefault({}),
  steering: steeringSchema,
  icmp: z
    .strictObject({
      /** Hosts are told of every ICMPv6 error about their packets, of those, too, for which another path is sought. */
      'deliver-all': z.boolean().default(true),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
      /** A file; standard error when absent. */
      file: z.string().min(1).optional(),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type ProviderConfig = Config['providers'][number];
export type HostConfig = Config['hosts'][number];
