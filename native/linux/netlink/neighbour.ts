/** Neighbours (RFC 4861 §5.1): struct ndmsg and NDA_ attributes (linux/neighbour.h). */
import type { Body } from './link.ts';
import { Attributes, attribute, Fields } from './message.ts';
import { Names } from './names.ts';
import { ADDRESS_LENGTH, AF_INET6, addressAttribute, type Ipv6Address } from './prefix.ts';

export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

const NDMSG_LENGTH = 12;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NTF_USE = 0x01;
const NTF_ROUTER = 0x80;
const MAC_LENGTH = 6;

/** The first five are the states of RFC 4861 §7.3.2. */
const STATES = new Names({
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
  none: 0,
});

export type NeighbourState = ReturnType<(typeof STATES)['name']>;

export interface NeighbourInfo {
  readonly ifindex: number;
  readonly address: Ipv6Address;
  /** 6 octets; undefined while it is not known. */
  readonly mac: Uint8Array | undefined;
  readonly state: NeighbourState;
  /** It advertised itself as a router. */
  readonly router: boolean;
}

export interface NeighbourSpecification {
  readonly ifindex: number;
  readonly address: Ipv6Address;
  /** 6 octets. */
  readonly mac?: Uint8Array;
  /** Default 'permanent'. */
  readonly state?: NeighbourState;
}

/** Undefined for IPv4 and for a bridge's forwarding entries. */
export function decodeNeighbour(payload: Uint8Array): NeighbourInfo | undefined {
  const fixed = new Fields(payload);
  if (fixed.u8(0) !== AF_INET6) return undefined;
  const attributes = new Attributes(payload, NDMSG_LENGTH);
  const address = attributes.bytesOfLength(NDA_DST, ADDRESS_LENGTH);
  if (address === undefined) return undefined;
  return {
    ifindex: fixed.i32(4),
    address,
    mac: attributes.bytesOfLength(NDA_LLADDR, MAC_LENGTH),
    state: STATES.name(fixed.u16(8)),
    router: (fixed.u8(10) & NTF_ROUTER) !== 0,
  };
}

export const encodeNeighbourDump = (): Body => ({
  fixed: Fields.ofLength(NDMSG_LENGTH).setU8(0, AF_INET6).bytes,
});

export function encodeNeighbour({
  ifindex,
  address,
  mac,
  state = 'permanent',
}: NeighbourSpecification): Body {
  const fixed = Fields.ofLength(NDMSG_LENGTH)
    .setU8(0, AF_INET6)
    .setU32(4, ifindex)
    .setU16(8, STATES.number(state));
  return {
    fixed: fixed.bytes,
    attributes: [
      addressAttribute(NDA_DST, address),
      ...(mac === undefined ? [] : [attribute(NDA_LLADDR, mac)]),
    ],
  };
}

/** As if a packet were about to be sent to the neighbour: the kernel resolves or confirms its address. */
export function encodeNeighbourUse(ifindex: number, address: Ipv6Address): Body {
  const { fixed, attributes } = encodeNeighbour({ ifindex, address, state: 'none' });
  return { fixed: new Fields(fixed).setU8(10, NTF_USE).bytes, attributes };
}
