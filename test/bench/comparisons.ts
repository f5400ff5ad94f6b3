/** What is measured side by side: rows over the same packets. A new one needs a line here, and its rows in dataplane.ts. */
import { isInward, type RowName } from './row.ts';

export interface Comparison {
  readonly title: string;
  /** Octets of the hosts' IPv6 packets, in turn, without any payload header. */
  readonly packets: readonly number[];
  /** Identifier of the 802.1Q tag on both sides, 0: none. */
  readonly vlan: number;
  /** In the order of ROW_NAMES. */
  readonly rows: readonly RowName[];
  /** Rows by whose rate the others are divided. */
  readonly references: readonly RowName[];
  /** Populations with more contexts are left out. */
  readonly mostContexts: number;
}

/** A frame of 64 octets. */
const SMALL = 50;
/** With the payload header 1500. */
const LARGE = 1492;
/** The simple Internet mix: 7 small packets to 4 of 576 octets and 1 large one, spread. */
const MIX = [SMALL, 576, SMALL, SMALL, 576, SMALL, LARGE, SMALL, 576, SMALL, 576, SMALL];

const shim: Comparison = {
  title: '64-byte frames',
  packets: [SMALL],
  vlan: 0,
  rows: ['bare', 'limit', 'insert', 'strip', 'route', 'nptv6', 'masquerade'],
  references: ['bare', 'limit', 'nptv6'],
  mostContexts: Number.POSITIVE_INFINITY,
};

export const COMPARISONS = {
  shim,
  nat: {
    ...shim,
    title: 'NATv6, 64-byte frames',
    rows: ['bare', 'nat', 'nat-in', 'nptv6', 'nptv6-in', 'masquerade', 'masquerade-in'],
    references: ['bare', 'nptv6', 'masquerade'],
    // Each context is a host of its own here; as many have locators (NAT_LOCATORS in bpf/layout.h), with room.
    mostContexts: 65536,
  },
  imix: { ...shim, title: 'mixed sizes (IMIX 7:4:1)', packets: MIX },
  large: { ...shim, title: '1500 bytes with the payload header', packets: [LARGE] },
  vlan: {
    ...shim,
    title: '64-byte frames, 802.1Q',
    vlan: 5,
    references: ['bare', 'limit', 'untagged', 'nptv6'],
    rows: ['bare', 'limit', 'insert', 'strip', 'untagged', 'untagged-in', 'route', 'nptv6', 'masquerade'],
  },
  source: {
    ...shim,
    title: 'source check, 64-byte frames',
    rows: ['bare', 'limit', 'strip', 'strip-fourth', 'strip-any'],
    references: ['bare', 'limit', 'strip'],
  },
  tunnel: {
    ...shim,
    title: 'by exit routers, 64-byte frames',
    rows: ['bare', 'limit', 'insert', 'strip', 'tunnel', 'tunnel-in'],
    // What is stripped by `strip`: see referenceOf.
    references: ['bare', 'limit', 'insert'],
  },
  steering: {
    ...shim,
    title: 'steering rules, 64-byte frames',
    rows: [
      'bare',
      'limit',
      'insert',
      'insert-rules',
      'insert-unmatched-1',
      'insert-unmatched',
      'insert-fork',
    ],
    references: ['bare', 'limit', 'insert'],
  },
} as const satisfies Record<string, Comparison>;

export type ComparisonName = keyof typeof COMPARISONS;
export const COMPARISON_NAMES = Object.keys(COMPARISONS) as readonly ComparisonName[];

/** Octets of an IPv6 packet beside its UDP datagram. */
const IPV6_LENGTH = 40;

/** Lengths of the UDP datagrams, in turn. */
export const datagrams = ({ packets }: Comparison): readonly number[] =>
  packets.map((length) => length - IPV6_LENGTH);

/**
 * The row that `row` is divided by for the sake of `reference`: what goes in by what goes in, where that is measured.
 * What goes in is stripped where what goes out is inserted.
 */
export function referenceOf(row: RowName, reference: RowName, measured: readonly RowName[]): RowName {
  const inward = reference === 'insert' ? 'strip' : (`${reference}-in` as RowName);
  return isInward(row) && measured.includes(inward) ? inward : reference;
}
