/** One line of the benchmark: a way to forward a packet, in a lane of its own. */
import type { Context } from './packets.ts';
import type { Lane } from './topology.ts';
import type { Traffic } from './traffic.ts';

/** In the order of reports. `-in`: toward the hosts, where both ways are measured. */
export const ROW_NAMES = [
  'bare',
  'limit',
  'insert',
  'insert-rules',
  'insert-unmatched-1',
  'insert-unmatched',
  'insert-fork',
  'strip',
  'untagged',
  'untagged-in',
  'tunnel',
  'tunnel-in',
  'strip-fourth',
  'strip-any',
  'nat',
  'nat-in',
  'route',
  'nptv6',
  'nptv6-in',
  'masquerade',
  'masquerade-in',
] as const;
export type RowName = (typeof ROW_NAMES)[number];

export const ROW_TITLES: Readonly<Record<RowName, string>> = {
  bare: 'bare redirect',
  limit: 'limit (redirect, one table access)',
  insert: 'pshim6 insert (inside)',
  'insert-rules': 'pshim6 insert, rules for others',
  'insert-unmatched-1': 'pshim6 insert, 1 rule in vain',
  'insert-unmatched': 'pshim6 insert, 32 rules in vain',
  'insert-fork': 'pshim6 insert, fork by a rule',
  strip: 'pshim6 strip (outside)',
  untagged: 'pshim6 insert, untagged',
  'untagged-in': 'pshim6 strip, untagged',
  tunnel: 'pshim6 insert, tunnel',
  'tunnel-in': 'pshim6 strip, tunnel',
  'strip-fourth': 'pshim6 strip, 4th locator',
  'strip-any': 'pshim6 strip, source unchecked',
  nat: 'pshim6 NATv6 out',
  'nat-in': 'pshim6 NATv6 in',
  route: 'kernel route',
  nptv6: 'kernel NPTv6 (ip6tables SNPT)',
  'nptv6-in': 'kernel NPTv6 in (ip6tables DNPT)',
  masquerade: 'kernel masquerade (nftables)',
  'masquerade-in': 'kernel masquerade, answers',
};

/** Is it about packets toward the hosts? Of the references, only where both ways are measured. */
export const isInward = (name: RowName): boolean => name.startsWith('strip') || name.endsWith('-in');

/** Rows of the product; the others are what they are held against. */
export const isOurs = (name: RowName): boolean => /^(insert|strip|untagged|tunnel|nat)/.test(name);

/** Where a row is, and what its packets look like. */
export interface Place {
  readonly lane: Lane;
  /** Identifier of the 802.1Q tag on both sides; 0: none. */
  readonly vlan: number;
}

export interface Row extends Place {
  readonly name: RowName;
  readonly traffic: Traffic;
  /** Traffic of which each context must have sent a packet before: it opens the connection. */
  readonly opening?: Traffic;
  /** The frame that must come out for a datagram of `length` octets, from its Ethernet header on, untagged. */
  expected(context: Context, length: number): Uint8Array;
  /** Makes a context known, before any packet of it. */
  admit?(context: Context): void;
  close?(): void;
}
