/** One line of the benchmark: a way to forward a packet, in a lane of its own. */
import type { Traffic } from './harness.ts';
import type { Context } from './packets.ts';
import type { Lane } from './topology.ts';

export const ROW_NAMES = ['bare', 'limit', 'insert', 'strip', 'route', 'nptv6', 'masquerade'] as const;
export type RowName = (typeof ROW_NAMES)[number];

export const ROW_TITLES: Readonly<Record<RowName, string>> = {
  bare: 'bare redirect',
  limit: 'limit (redirect, one table access)',
  insert: 'pshim6 insert (inside)',
  strip: 'pshim6 strip (outside)',
  route: 'kernel route',
  nptv6: 'kernel NPTv6 (ip6tables SNPT)',
  masquerade: 'kernel masquerade (nftables)',
};

export interface Row {
  readonly name: RowName;
  readonly lane: Lane;
  readonly traffic: Traffic;
  /** The frame that must come out, from its Ethernet header on. */
  expected(context: Context): Uint8Array;
  /** Makes a context known, before any packet of it. */
  admit?(context: Context): void;
  close?(): void;
}
