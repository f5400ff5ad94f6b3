/** The kernel's own forwarding, over the same packets: routed, with stateless and with stateful translation. */
import { readFileSync, writeFileSync } from 'node:fs';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { command } from './command.ts';
import { addressOf, BOX_ADDRESS, forwardedFrame, MAC, PORTS, prefixTranslated } from './packets.ts';
import type { Place, Row } from './row.ts';
import { formatMac } from './topology.ts';

const BOX = addressOf(BOX_ADDRESS);
const ANSWER = [PORTS[1], PORTS[0]] as const;

/** Where the hosts' packets of a comparison go. */
export type Peers = 'inside' | 'legacy';

/** Plain forwarding, the same in all rows. Returns the name of the interface that packets leave by. */
function route({ lane: { name, namespace }, vlan }: Place): string {
  // A veth accepts redirected frames only with an XDP program or NAPI, which GRO switches on.
  command(`ip netns exec ${name} ethtool -K b gro on`);
  // The sink looks for the tag in the frame.
  command(`ip netns exec ${name} ethtool -K c txvlan off`);
  namespace.run(() => writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1'));
  const [from, to] = vlan === 0 ? ['b', 'c'] : [`b.${vlan}`, `c.${vlan}`];
  const tagged = [
    ['b', from],
    ['c', to],
  ].flatMap(([link, own]) => [
    `link add link ${link} name ${own} type vlan id ${vlan}`,
    `link set dev ${own} addrgenmode none`,
    `link set dev ${own} up`,
  ]);
  const lines = [
    ...(vlan === 0 ? [] : tagged),
    `address add ${formatAddress(BOX)}/64 dev ${to} nodad`,
    `address add fe80::c/64 dev ${to} nodad`,
    `address add fe80::b/64 dev ${from} nodad`,
    `neighbour add fe80::d lladdr ${formatMac(MAC.sink)} dev ${to} nud permanent`,
    ...['fc00:db8:1::/48', 'fc00:db8:2::/48', '2001:db8:21::/48'].map(
      (prefix) => `route add ${prefix} via fe80::d dev ${to}`,
    ),
  ];
  command(`ip -n ${name} -batch -`, `${lines.join('\n')}\n`);
  return to!;
}

export function routeRow(place: Place): Row {
  route(place);
  return {
    name: 'route',
    ...place,
    traffic: 'inside',
    expected: ({ localUlid: source, peerUlid: destination }, length) =>
      forwardedFrame({ source, destination }, length),
  };
}

/** RFC 6296, as Linux has it. */
export function prefixTranslationRow(place: Place, peers: Peers): Row {
  route(place);
  const target = 'SNPT --src-pfx fc00:db8:1::/48 --dst-pfx 2001:db8:11::/48';
  command(`ip netns exec ${place.lane.name} ip6tables -t mangle -A POSTROUTING -j ${target}`);
  return {
    name: 'nptv6',
    ...place,
    traffic: peers,
    expected: ({ localUlid, peerUlid, peerLocator }, length) => {
      const destination = peers === 'inside' ? peerUlid : peerLocator;
      return forwardedFrame({ source: prefixTranslated(localUlid), destination }, length);
    },
  };
}

export function prefixTranslationInRow(place: Place): Row {
  route(place);
  const target = 'DNPT --src-pfx 2001:db8:11::/48 --dst-pfx fc00:db8:1::/48';
  command(`ip netns exec ${place.lane.name} ip6tables -t mangle -A PREROUTING -j ${target}`);
  return {
    name: 'nptv6-in',
    ...place,
    traffic: 'to-translated',
    expected: ({ localUlid, peerLocator }, length) =>
      forwardedFrame({ source: peerLocator, destination: localUlid }, length, ANSWER),
  };
}

/** `contexts`: connections that the kernel must be able to track at once. */
export function masqueradeRow(place: Place, contexts: number, peers: Peers): Row {
  return {
    name: 'masquerade',
    ...place,
    traffic: peers,
    expected: ({ peerUlid, peerLocator }, length) =>
      forwardedFrame({ source: BOX, destination: peers === 'inside' ? peerUlid : peerLocator }, length),
    close: masquerade(place, contexts),
  };
}

/** The answers come in where the hosts' packets do: the kernel knows them by their connection alone. */
export function masqueradeInRow(place: Place, contexts: number): Row {
  return {
    name: 'masquerade-in',
    ...place,
    traffic: 'to-box',
    opening: 'legacy',
    expected: ({ localUlid, peerLocator }, length) =>
      forwardedFrame({ source: peerLocator, destination: localUlid }, length, ANSWER),
    close: masquerade(place, contexts),
  };
}

/** Returns what undoes it. */
function masquerade(place: Place, contexts: number): () => void {
  const leaving = route(place);
  const rules = [
    'add table ip6 bench',
    'add chain ip6 bench postrouting { type nat hook postrouting priority srcnat; }',
    `add rule ip6 bench postrouting oifname "${leaving}" ip6 saddr fc00:db8:1::/48 masquerade`,
  ];
  command(`ip netns exec ${place.lane.name} nft -f -`, `${rules.join('\n')}\n`);
  const restore = trackConnections(contexts);
  // Longer than the benchmark: no connection is set up while packets are timed.
  place.lane.namespace.run(() => {
    for (const file of ['nf_conntrack_udp_timeout', 'nf_conntrack_udp_timeout_stream'])
      writeFileSync(`/proc/sys/net/netfilter/${file}`, '86400');
  });
  return restore;
}

/** Gives the kernel's connection table, one for all namespaces, the room; returns what undoes it. */
function trackConnections(connections: number): () => void {
  const needed = connections * 2;
  const files = ['/sys/module/nf_conntrack/parameters/hashsize', '/proc/sys/net/netfilter/nf_conntrack_max'];
  const before = files.map((path) => ({ path, value: readFileSync(path, 'utf8') }));
  for (const { path, value } of before) if (Number(value) < needed) writeFileSync(path, String(needed));
  return () => {
    for (const { path, value } of before) writeFileSync(path, value);
  };
}
