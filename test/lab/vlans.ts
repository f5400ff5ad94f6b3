/** The boxes' links as 802.1Q VLANs: beneath the interface that a link is named for lies another, of a cable. */
import { LINKS, type LinkEnd } from './topology.ts';

/** A VLAN interface, and what it runs on. */
export interface Wire {
  readonly interface: string;
  /** 802.1Q identifier. */
  readonly vlan: number;
}

/** Of an end of one of the boxes' links; undefined for other links, which have no tags. */
export function wireOf(end: LinkEnd): Wire | undefined {
  const index = LINKS.findIndex(({ first, second }) => [first, second].some((each) => isSame(each, end)));
  return LINKS[index]?.box ? { interface: `${end.interface}-wire`, vlan: 100 + index } : undefined;
}

const isSame = (one: LinkEnd, other: LinkEnd): boolean =>
  one.namespace === other.namespace && one.interface === other.interface;
