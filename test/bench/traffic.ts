/** What the generator sends: which addresses, from which context's number, with which checksum. Fills struct generator. */
import {
  BOX_ADDRESS,
  DATAGRAM_PAYLOAD,
  IDENTIFIER_FACTORS,
  LOCATOR_PREFIX,
  NEXT_UDP,
  PORTS,
  type Ports,
  TUNNEL,
  translatedSubnet,
  ULID_PREFIX,
} from './packets.ts';

interface End {
  /** The first 64 bits, words of 16. */
  readonly prefix: readonly number[];
  /** By what a context's number is multiplied; undefined: `fixed` it is. */
  readonly factors?: readonly [number, number];
  readonly fixed?: readonly number[];
}

interface Shape {
  readonly source: End;
  readonly destination: End;
  readonly ports: Ports;
  /** With a payload header; the checksum then covers these prefixes instead. */
  readonly shimmed?: readonly [source: readonly number[], destination: readonly number[]];
  /** Ends of the tunnel that the packet, shimmed as it is, comes through. */
  readonly tunnel?: readonly [source: readonly number[], destination: readonly number[]];
}

const local = (prefix: readonly number[]): End => ({ prefix, factors: IDENTIFIER_FACTORS.local });
const peer = (prefix: readonly number[]): End => ({ prefix, factors: IDENTIFIER_FACTORS.peer });
const answer: Ports = [PORTS[1], PORTS[0]];

/** From the peer's host, shimmed. */
const outside: Shape = {
  source: peer(LOCATOR_PREFIX.peer),
  destination: local(LOCATOR_PREFIX.local),
  ports: PORTS,
  shimmed: [ULID_PREFIX.peer, ULID_PREFIX.local],
};

const SHAPES = {
  /** From hosts to ULIDs. */
  inside: { source: local(ULID_PREFIX.local), destination: peer(ULID_PREFIX.peer), ports: PORTS },
  /** The same as it comes back, shimmed. */
  outside,
  /** The same through an exit router. */
  tunnelled: { ...outside, tunnel: [TUNNEL.remote, TUNNEL.local] },
  /** From hosts to peers without SHIM6. */
  legacy: { source: local(ULID_PREFIX.local), destination: peer(LOCATOR_PREFIX.peer), ports: PORTS },
  /** Their answers: to the host's locator, to what NPTv6 makes of its CMULA, to the masquerading box. */
  'to-locator': {
    source: peer(LOCATOR_PREFIX.peer),
    destination: local(LOCATOR_PREFIX.local),
    ports: answer,
  },
  'to-translated': {
    source: peer(LOCATOR_PREFIX.peer),
    destination: local([...LOCATOR_PREFIX.local.slice(0, 3), translatedSubnet()]),
    ports: answer,
  },
  'to-box': {
    source: peer(LOCATOR_PREFIX.peer),
    destination: { prefix: BOX_ADDRESS.slice(0, 4), fixed: BOX_ADDRESS.slice(4) },
    ports: answer,
  },
} as const satisfies Record<string, Shape>;

/** Which way the packets of a row travel, and between whom. */
export type Traffic = keyof typeof SHAPES;

/** What the packets of a row look like. */
export interface Wire {
  /** Octets of the UDP datagrams, in turn: at most 16, each at least 10. */
  readonly lengths: readonly number[];
  /** Identifier of the 802.1Q tag, 0: none. */
  readonly vlan: number;
}

/** Of the host's packet beside its datagram: Ethernet, IPv6. */
const HEADERS = 54;
const TAG = 4;
const PAYLOAD_HEADER = 8;
const OUTER_HEADER = 40;

/** The program of generator.bpf.c that makes such packets, without its prefix. */
export type Generator = 'plain' | 'shimmed' | 'tunnelled';

export function generatorOf(traffic: Traffic): Generator {
  const { shimmed, tunnel }: Shape = SHAPES[traffic];
  if (tunnel !== undefined) return 'tunnelled';
  return shimmed === undefined ? 'plain' : 'shimmed';
}

/** Octets that such packets have beside a host's own. */
const ADDED: Readonly<Record<Generator, number>> = {
  plain: 0,
  shimmed: PAYLOAD_HEADER,
  tunnelled: OUTER_HEADER + PAYLOAD_HEADER,
};

/** Of the longest frame, octets. */
export function longestFrame(traffic: Traffic, { lengths, vlan }: Wire): number {
  return HEADERS + (vlan === 0 ? 0 : TAG) + ADDED[generatorOf(traffic)] + Math.max(...lengths);
}

/** struct generator of generator.bpf.c, 32-bit words. */
export const GENERATOR = {
  cursor: 0,
  mask: 1,
  lane: 2,
  turn: 3,
  turns: 4,
  frame: 5,
  vlan: 6,
  sum: 7,
  ports: 8,
  source: 10,
  destination: 16,
  length: 22,
  tunnel: 38,
} as const;
const END = { prefix: 0, factor: 2, fixed: 4 } as const;

/** Writes all of the generator's state but lane and mask, so that the first choice and length come next. */
export function writeTraffic(state: Uint32Array, traffic: Traffic, wire: Wire): void {
  const shape: Shape = SHAPES[traffic];
  const { source, destination, ports } = shape;
  const [coveredSource, coveredDestination] = shape.shimmed ?? [source.prefix, destination.prefix];
  const covered = [...coveredSource, ...coveredDestination, ...ports, DATAGRAM_PAYLOAD, NEXT_UDP];
  state[GENERATOR.cursor] = 0;
  state[GENERATOR.turn] = 0;
  state[GENERATOR.turns] = wire.lengths.length;
  state[GENERATOR.frame] = longestFrame(traffic, wire);
  state[GENERATOR.vlan] = wire.vlan;
  state[GENERATOR.sum] = covered.reduce((sum, word) => sum + swapped(word), 0);
  state.set(networkWords(ports), GENERATOR.ports);
  for (const [at, { prefix, factors = [0, 0], fixed = [0, 0, 0, 0] }] of [
    [GENERATOR.source, source],
    [GENERATOR.destination, destination],
  ] as const) {
    state.set(networkWords(prefix), at + END.prefix);
    state.set(factors, at + END.factor);
    state.set(networkWords(fixed), at + END.fixed);
  }
  state.set(wire.lengths, GENERATOR.length);
  if (shape.tunnel !== undefined) state.set(networkWords(shape.tunnel.flat()), GENERATOR.tunnel);
}

/** A word of 16 bits in network order, as a little-endian machine reads it. */
const swapped = (word: number): number => ((word & 0xff) << 8) | (word >> 8);

/** Words of 16 bits in pairs, in network order. */
const networkWords = (words: readonly number[]): number[] =>
  Array.from({ length: words.length / 2 }, (_, index) => {
    const [first, second] = [words[2 * index]!, words[2 * index + 1]!];
    return (swapped(first) | (swapped(second) << 16)) >>> 0;
  });
