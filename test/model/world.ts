/** Random tables, small enough that packets meet what is in them. */
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import type { Choices } from './random.ts';
import type {
  EgressContext,
  HostLink,
  IngressContext,
  Nat,
  Path,
  Port,
  Prefix,
  SteeringRule,
  Tables,
  Uplink,
} from './tables.ts';
import { pathKey } from './tables.ts';

const addresses = (...texts: string[]): readonly Uint8Array[] => texts.map(parseAddress);

/** Whom packets come from and go to. */
export const HOSTS = addresses('fc00:db8:1::11', 'fc00:db8:1::12', 'fc00:db8:1:5:a:b:c:d');
export const PEERS = addresses('fc00:db8:2::22', 'fc00:db8:3::33', '2001:db8:5::55');
export const LEGACY = addresses('2001:db8:f::80', '2400:cb00::1', '64:ff9b::808:808');
export const LOCATORS: readonly (readonly Uint8Array[])[] = [
  addresses('2001:db8:11::11', '2001:db8:12::11', '2001:db8:13:1::ffff'),
  addresses('2001:db8:11::12', '2001:db8:12::12', '2001:db8:13:1:0:ffff::'),
  // The first has the CMULA's sum: translation to it changes no checksum.
  addresses('2001:db8:1:dc04:a:b:c:d', '2001:db8:12:5:a:b:c:d', '2001:db8:13:5:a:b:c:d'),
];
export const PEER_LOCATORS = addresses('2001:db8:21::22', '2001:db8:22::22', '2001:db8:21::33');
export const OTHERS = addresses(
  'fe80::1',
  'ff02::1',
  '::',
  '::1',
  'fc00:db8:1::99',
  '2001:db8:11:ffff::2',
  'fd00::1',
);
/** `fc00::e1` is a ULID too, which a configuration would not allow. */
export const TUNNEL_ENDS = {
  box: addresses('fd00:db8:1::1', 'fd00:db8:1::2'),
  exits: addresses('fd00:db8:1::e1', 'fc00::e1', '2001:db8:e::e3'),
};
export const TAGS: readonly bigint[] = [0n, 0x7fff_ffff_ffffn, 0x1234_89ab_cdefn, 0x7abc_def0_1234n];

/** VLANs that frames come by; 0: none. */
export const VLANS: readonly number[] = [0, 5, 4095];
const BOX = addresses('fc00:db8:1::1', '2001:db8:11::ffff:1', 'fe80::2');

const PORTS = [0, 1, 2, 3, 63];
const HOST_PORTS = [2, 3];
const UPLINKS = [0, 1, 31];
const MTUS = [1280, 1288, 1300, 1400, 1500, 1500, 9000];
const FORKS = [1, 2, 63];
const PREFIX_LENGTHS = [1, 8, 33, 48, 63, 64, 65, 96, 127, 128];
const PROTOCOLS = [6, 17, 58, 132, 33, 136, 135, 50, 51, 59, 43, 60, 44, 0];
const PORT_RANGES = [
  { first: 0, last: 0 },
  { first: 1, last: 1 },
  { first: 0, last: 255 },
  { first: 1, last: 32767 },
  { first: 256, last: 65535 },
  { first: 0, last: 65535 },
];
const HASH_KEY = [0x1234567890abcdefn, 0xfedcba0987654321n, 0x0123456789abcdefn, 0x99n];

export function randomTables(choices: Choices): Tables {
  const some = <T>(values: readonly T[]) => choices.some(values, 2);
  return {
    site: [
      parsePrefix('fc00:db8:1::/48'),
      ...some([parsePrefix('fc00:db8:3::/56'), parsePrefix('fd00::/9')]),
    ],
    ulids: [parsePrefix('fc00::/8'), ...some([parsePrefix('fd00::/8'), parsePrefix('2001:db8:5::55/128')])],
    strictSource: !choices.once(3),
    clampMss: choices.once(2),
    fromInjection: choices.once(4),
    egress: egressContexts(choices),
    rules: choices.once(4) ? [] : steeringRules(choices),
    ingress: ingressContexts(choices),
    addresses: new Map(VLANS.filter(() => !choices.once(4)).map((vlan) => [vlan, choices.of(BOX)])),
    ports: new Map(PORTS.filter(() => !choices.once(8)).map((index) => [index, port(choices, index)])),
    uplinks: new Map(UPLINKS.map((index, place) => [index, uplink(choices, place)])),
    pathMtus: new Map(choices.once(2) ? [] : pathMtus(choices)),
    nat: choices.once(8) ? undefined : nat(choices),
    flows: new Map(),
  };
}

const port = (choices: Choices, index: number): Port => ({
  mac: Uint8Array.of(2, 0, 0, 0, index, 1),
  vlan: choices.once(3) ? 1 + choices.below(4094) : 0,
  mtu: choices.of(MTUS),
  present: !choices.once(10),
});

const uplink = (choices: Choices, place: number): Uplink => ({
  port: choices.once(8) ? choices.of(PORTS) : PORTS[place]!,
  gateway: Uint8Array.of(2, 0, 0, 1, place, 0xfe),
  mtu: choices.of(MTUS),
  up: !choices.once(4),
  tunnel: choices.once(2)
    ? undefined
    : { local: choices.of(TUNNEL_ENDS.box), remote: TUNNEL_ENDS.exits[place]! },
});

function egressContexts(choices: Choices): EgressContext[] {
  const pairs = HOSTS.flatMap((source) => PEERS.map((destination) => ({ source, destination })));
  const defaults = choices.some(pairs, 2).map((pair) => ({ ...pair, fork: 0 }));
  // A fork without its default context is there for a moment when both are given up.
  const forked = choices.some([...defaults, ...choices.some(pairs, 6)], 2);
  const forks = forked.flatMap((pair) => choices.some(FORKS, 2).map((fork) => ({ ...pair, fork })));
  const distinct = new Map(
    choices
      .shuffled([...defaults, ...forks])
      .map((each) => [`${each.source} ${each.destination} ${each.fork}`, each]),
  );
  return [...distinct.values()].map(({ source, destination, fork }) => ({
    source,
    destination,
    fork,
    tag: choices.of(TAGS),
    paths: Array.from({ length: choices.below(8) === 0 ? 0 : 1 + choices.below(2) }, (): Path => {
      const place = choices.below(UPLINKS.length);
      const local = LOCATORS[HOSTS.indexOf(source)]![place]!;
      return { uplink: UPLINKS[place]!, source: local, destination: choices.of(PEER_LOCATORS) };
    }),
    active: choices.of([0, 1] as const),
    state: choices.once(6) ? 'draining' : 'live',
  }));
}

const ANYWHERE = parsePrefix('::/0');
const MOST_RULES = 32;

function steeringRules(choices: Choices): SteeringRule[] {
  const count = choices.once(10) ? MOST_RULES : 1 + choices.below(5);
  return Array.from({ length: count }, () => steeringRule(choices, count > 5));
}

/** `rare`: it matches little, so that the rules behind it count, too. */
function steeringRule(choices: Choices, rare: boolean): SteeringRule {
  const prefix = (addresses: readonly Uint8Array[]): Prefix | undefined => {
    const address = choices.of(addresses);
    return choices.of([undefined, ANYWHERE, { address, length: choices.of(PREFIX_LENGTHS) }]);
  };
  const mask = choices.of([0, 0, 0xfc, 0x80, 0x24]);
  return {
    from: rare ? { address: choices.of(HOSTS), length: 128 } : prefix(HOSTS),
    to: prefix(PEERS),
    protocol: rare || choices.once(2) ? choices.of(PROTOCOLS) : undefined,
    sourcePorts: choices.once(3) ? choices.of(PORT_RANGES) : undefined,
    destinationPorts: choices.once(3) ? choices.of(PORT_RANGES) : undefined,
    trafficClass: { value: choices.below(256) & mask, mask },
    fork: choices.of([0, ...FORKS]),
  };
}

const hostLink = (choices: Choices): HostLink | undefined =>
  choices.once(4)
    ? undefined
    : { port: choices.of(HOST_PORTS), mac: Uint8Array.of(2, 0, 0, 2, 0, choices.below(256)) };

function ingressContexts(choices: Choices): IngressContext[] {
  return choices.some(TAGS, 2).map((tag) => ({
    tag,
    peer: choices.of(PEERS),
    local: choices.of(HOSTS),
    peerLocators: choices.some(PEER_LOCATORS, 2),
    anySource: choices.once(8),
    link: hostLink(choices),
  }));
}

const pathMtus = (choices: Choices): [string, number][] =>
  choices
    .some(
      UPLINKS.flatMap((index) => PEER_LOCATORS.map((locator) => [index, locator] as const)),
      3,
    )
    .map(([index, locator]) => [pathKey(index, locator), choices.of([1280, 1290, 1400, 1492])]);

function nat(choices: Choices): Nat {
  const prefixes = ['2001:db8:11::/48', '2001:db8:12::/47', '2001:db8:13::/48', '64:ff9b:1::/48'];
  const order = () => choices.shuffled(UPLINKS).slice(0, 1 + choices.below(UPLINKS.length));
  return {
    silent: choices.once(3),
    hashKey: HASH_KEY,
    choices: Array.from({ length: 256 }, order),
    providerPrefixes: choices.some(prefixes, 2).map((text): Prefix => parsePrefix(text)),
    hosts: HOSTS.filter(() => !choices.once(6)).map((ulid, index) => ({
      ulid,
      link: hostLink(choices),
      locators: LOCATORS[HOSTS.indexOf(ulid)]!.map((address, place) => ({
        address,
        uplink: UPLINKS[place]!,
      })).filter((_, place) => place === index % 3 || !choices.once(5)),
    })),
  };
}
