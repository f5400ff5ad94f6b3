/** Datagrams of rtnetlink, and what becomes of the events in them: interfaces and neighbours, the providers' routes. */

import { watchKernel } from '../../../control/site/kernel-watcher.ts';
import { ProviderRoutes } from '../../../control/site/routes/provider-routes.ts';
import { RouteTable, routeOf } from '../../../control/site/routes/route-table.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../../control/wire/ipv6/prefix.ts';
import type { Netlink } from '../../../native/linux/index.ts';
import { encodeAddressDump, RTM_NEWADDR } from '../../../native/linux/netlink/address.ts';
import { decodeEvent, type NetlinkEvent } from '../../../native/linux/netlink/event.ts';
import { type Body, encodeLinkChange, encodeVeth, RTM_NEWLINK } from '../../../native/linux/netlink/link.ts';
import {
  attribute,
  decodeMessages,
  encodeMessage,
  Fields,
  NetlinkDecodeError,
  u32Attribute,
} from '../../../native/linux/netlink/message.ts';
import { encodeNeighbour, RTM_NEWNEIGH } from '../../../native/linux/netlink/neighbour.ts';
import { encodeRoute, RTM_DELROUTE, RTM_NEWROUTE } from '../../../native/linux/netlink/route.ts';
import { decodeRule, encodeRule, RTM_NEWRULE } from '../../../native/linux/netlink/rule.ts';
import { join } from '../mutate.ts';
import { hold, type Target } from '../target.ts';
import { text } from '../words.ts';

const TABLES = [254, 7];
const gateway = parseAddress('fe80::1');
const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);

const message = (type: number, { fixed, attributes = [] }: Body): Uint8Array =>
  encodeMessage({ type, flags: 0, sequence: 1 }, fixed, attributes);

const route = (to: string, priority: number, type = RTM_NEWROUTE): Uint8Array =>
  message(type, encodeRoute({ to: parsePrefix(to), gateway, ifindex: 3, priority, mtu: 1400 }));

/** Two next hops: struct rtnexthop, each with a gateway. */
function multipath(): Uint8Array {
  const { fixed } = encodeRoute({ to: parsePrefix('2001:db8::/32') });
  const hop = (ifindex: number) =>
    join(
      Fields.ofLength(8).setU16(0, 28).setU32(4, ifindex).bytes,
      Fields.ofLength(4).setU16(0, 20).setU16(2, 5).bytes,
      gateway,
    );
  const attributes = [
    attribute(1, parseAddress('2001:db8::')),
    attribute(9, join(hop(3), hop(4))),
    u32Attribute(15, TABLES[1]!),
  ];
  return message(RTM_NEWROUTE, { fixed, attributes });
}

export const target: Target = {
  invariant: 'events with addresses, MACs and lengths of their kinds, or a NetlinkDecodeError; routes add up',
  maximumLength: 1024,
  watched: ['/native/linux/netlink/', '/control/site/'],
  dictionary: [
    ...[16, 17, 20, 21, 24, 25, 28, 29, 32].map((type) => Uint8Array.of(type, 0)),
    ...[0, 1, 3, 4, 5, 8, 16, 20, 28].map((number) => Uint8Array.of(number, 0)),
    Uint8Array.of(10),
    text('veth\0'),
    text('vlan\0'),
    text('x1\0'),
    Uint8Array.of(128),
    Uint8Array.of(129),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    gateway,
  ],
  seeds: () => [
    join(
      message(RTM_NEWLINK, encodeVeth('x1', 'y1')),
      message(RTM_NEWLINK, encodeLinkChange('x1', { up: true, mtu: 1500, mac })),
    ),
    message(RTM_NEWNEIGH, encodeNeighbour({ ifindex: 3, address: gateway, mac, state: 'reachable' })),
    join(route('2001:db8::/32', 10), route('2001:db8::/32', 20), route('2001:db8::/32', 10, RTM_DELROUTE)),
    join(route('::/0', 1), route('2001:db8:1:2:3:4:5:6/128', 1), multipath()),
    message(RTM_NEWRULE, encodeRule({ from: parsePrefix('2001:db8::/48'), table: 7, priority: 500 })),
    message(RTM_NEWADDR, {
      fixed: encodeAddressDump().fixed,
      attributes: [attribute(1, parseAddress('2001:db8::1'))],
    }),
  ],
  run(input) {
    const events: NetlinkEvent[] = [];
    try {
      for (const { type, payload } of decodeMessages(input)) {
        if (type === RTM_NEWRULE) decodeRule(payload);
        const event = decodeEvent(type, payload);
        if (event !== undefined) events.push(event);
      }
    } catch (error) {
      if (!(error instanceof NetlinkDecodeError)) throw error;
    }
    watch(events);
    follow(events);
  },
};

/** Interfaces and neighbours as the site hears of them. */
function watch(events: readonly NetlinkEvent[]): void {
  let tell: (event: NetlinkEvent) => void = () => {};
  const kernel: Pick<Netlink, 'links' | 'neighbours' | 'subscribe'> = {
    links: () => [],
    neighbours: () => [],
    subscribe: (_, onEvent) => {
      tell = onEvent;
      return () => {};
    },
  };
  watchKernel(kernel as Netlink, ['x1', ''], {
    onInterface: (_, facts) => hold(facts === undefined || facts.mac.length === 6, 'a MAC of another length'),
    onNeighbour: (_, address, found) =>
      hold(address.length === 16 && (found === undefined || found.length === 6), 'a neighbour cut short'),
    onOverrun: () => hold(false, 'nothing was lost'),
  });
  for (const event of events) tell(event);
}

/** The providers' routes: what came is gone once it is taken back, whatever the order. */
function follow(events: readonly NetlinkEvent[]): void {
  const provided = new ProviderRoutes(new Map(TABLES.map((table, uplink) => [uplink, table])));
  const table = new RouteTable();
  const routes = events.flatMap((event) => (event.kind === 'route' ? [event] : []));
  for (const [at, event] of routes.entries()) {
    hold(event.to.length <= 128 && event.to.address.length === 16, 'a prefix of more bits than there are');
    const one = routeOf(event);
    provided.change(at, event.table, one, event.removed);
    if (event.removed) table.remove(one);
    else table.add(one);
    hold(table.forwarding >= 0, 'fewer routes than none');
    if (!event.removed) table.reaches(event.to.address);
  }
  provided.evaluate(10_000);
  for (const uplink of TABLES.keys()) provided.reaches(uplink, gateway);
  for (const event of routes) table.remove(routeOf(event));
  // A multipath route goes one next hop after the other, and only what came can go.
  for (const event of routes) if (!event.removed) table.remove({ ...routeOf(event), nextHops: [] });
  hold(table.forwarding === 0, `${table.forwarding} routes are left`);
}
