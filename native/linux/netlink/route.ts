/** IPv6 routes: struct rtmsg and RTA_ attributes (linux/rtnetlink.h). */
import type { Body } from './link.ts';
import { Attributes, Fields, NetlinkDecodeError, nestedAttribute, u32Attribute } from './message.ts';
import { Names } from './names.ts';
import {
  ADDRESS_LENGTH,
  AF_INET6,
  addressAttribute,
  decodePrefix,
  type Ipv6Address,
  type Ipv6Prefix,
  prefixAttributes,
} from './prefix.ts';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

/** The table that `ip route` shows. */
export const MAIN_TABLE = 254;

const RTMSG_LENGTH = 12;
const RTM_F_CLONED = 0x200;
const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTAX_MTU = 2;
const RTNEXTHOP_LENGTH = 8;
/** RTPROT_STATIC. */
const PROTOCOL_STATIC = 4;
/** RTPROT_UNSPEC: in a delete request, whoever installed the route. */
export const PROTOCOL_ANY = 0;

const TYPES = new Names({
  unspecified: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
});

export type RouteType = ReturnType<(typeof TYPES)['name']>;

export interface NextHop {
  readonly ifindex: number;
  /** Undefined: the destination is on the link. */
  readonly gateway: Ipv6Address | undefined;
  /** Share of the traffic, 1 to 256. */
  readonly weight: number;
}

export interface RouteSpecification {
  /** Destination; absent: default. */
  readonly to?: Ipv6Prefix;
  /** Applies to packets from here only. */
  readonly from?: Ipv6Prefix;
  /** Default 'unicast'; 'unreachable' and 'prohibit' answer with an ICMPv6 error, 'blackhole' is silent. */
  readonly type?: RouteType;
  readonly gateway?: Ipv6Address | undefined;
  readonly ifindex?: number | undefined;
  /** Default main (254). */
  readonly table?: number;
  /** Metric: the lowest wins. Default 1024, the kernel's. */
  readonly priority?: number;
  /** Who installed it, 1 to 255. Default static (4). */
  readonly protocol?: number;
  /** Source address that local sockets take. */
  readonly preferredSource?: Ipv6Address | undefined;
  /** Bytes of the largest packet this way; absent: the interface's. */
  readonly mtu?: number | undefined;
}

export interface RouteInfo extends RouteSpecification {
  readonly to: Ipv6Prefix;
  readonly from: Ipv6Prefix;
  readonly type: RouteType;
  readonly table: number;
  readonly priority: number;
  readonly protocol: number;
  /** Several for a multipath route, then `gateway` and `ifindex` are undefined. */
  readonly nextHops: readonly NextHop[];
}

/** Undefined for IPv4 and for cached copies of a route. */
export function decodeRoute(payload: Uint8Array): RouteInfo | undefined {
  const fixed = new Fields(payload);
  if (fixed.u8(0) !== AF_INET6 || (fixed.u32(8) & RTM_F_CLONED) !== 0) return undefined;
  const attributes = new Attributes(payload, RTMSG_LENGTH);
  const ifindex = attributes.u32(RTA_OIF);
  const gateway = attributes.bytesOfLength(RTA_GATEWAY, ADDRESS_LENGTH);
  const multipath = attributes.bytes(RTA_MULTIPATH);
  const single = ifindex === undefined ? [] : [{ ifindex, gateway, weight: 1 }];
  return {
    to: decodePrefix(attributes, RTA_DST, fixed.u8(1)),
    from: decodePrefix(attributes, RTA_SRC, fixed.u8(2)),
    type: TYPES.name(fixed.u8(7)),
    gateway,
    ifindex,
    table: attributes.u32(RTA_TABLE) ?? fixed.u8(4),
    priority: attributes.u32(RTA_PRIORITY) ?? 0,
    protocol: fixed.u8(5),
    preferredSource: attributes.bytesOfLength(RTA_PREFSRC, ADDRESS_LENGTH),
    mtu: attributes.nested(RTA_METRICS)?.u32(RTAX_MTU),
    nextHops: multipath === undefined ? single : decodeNextHops(multipath),
  };
}

/** struct rtnexthop, each with attributes of its own. */
function decodeNextHops(bytes: Uint8Array): NextHop[] {
  const nextHops: NextHop[] = [];
  for (let offset = 0; offset + RTNEXTHOP_LENGTH <= bytes.length; ) {
    const fields = new Fields(bytes.subarray(offset));
    const length = fields.u16(0);
    if (length < RTNEXTHOP_LENGTH || offset + length > bytes.length)
      throw new NetlinkDecodeError(offset, `next hop length ${length} of ${bytes.length - offset} octets`);
    const attributes = new Attributes(bytes.subarray(offset, offset + length), RTNEXTHOP_LENGTH);
    const gateway = attributes.bytesOfLength(RTA_GATEWAY, ADDRESS_LENGTH);
    nextHops.push({ ifindex: fields.i32(4), gateway, weight: fields.u8(3) + 1 });
    offset += (length + 3) & ~3;
  }
  return nextHops;
}

/** All tables when `table` is absent. */
export const encodeRouteDump = (table?: number): Body => ({
  fixed: Fields.ofLength(RTMSG_LENGTH).setU8(0, AF_INET6).bytes,
  attributes: table === undefined ? [] : [u32Attribute(RTA_TABLE, table)],
});

export function encodeRoute(route: RouteSpecification): Body {
  const { to, from, gateway, ifindex, priority, preferredSource, mtu } = route;
  const fixed = Fields.ofLength(RTMSG_LENGTH)
    .setU8(0, AF_INET6)
    .setU8(1, to?.length ?? 0)
    .setU8(2, from?.length ?? 0)
    .setU8(5, route.protocol ?? PROTOCOL_STATIC)
    .setU8(7, TYPES.number(route.type ?? 'unicast'));
  return {
    fixed: fixed.bytes,
    attributes: [
      ...prefixAttributes(RTA_DST, to),
      ...prefixAttributes(RTA_SRC, from),
      u32Attribute(RTA_TABLE, route.table ?? MAIN_TABLE),
      ...(gateway === undefined ? [] : [addressAttribute(RTA_GATEWAY, gateway)]),
      ...(ifindex === undefined ? [] : [u32Attribute(RTA_OIF, ifindex)]),
      ...(priority === undefined ? [] : [u32Attribute(RTA_PRIORITY, priority)]),
      ...(preferredSource === undefined ? [] : [addressAttribute(RTA_PREFSRC, preferredSource)]),
      ...(mtu === undefined ? [] : [nestedAttribute(RTA_METRICS, u32Attribute(RTAX_MTU, mtu))]),
    ],
  };
}
