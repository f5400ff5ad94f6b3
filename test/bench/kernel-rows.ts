/** The kernel's own forwarding, over the same packets: routed, with stateless and with stateful translation. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { command } from './command.ts';
import { forwardedFrame, MAC, prefixTranslatedFrame } from './packets.ts';
import type { Row } from './row.ts';
import { formatMac, type Lane } from './topology.ts';

const BOX_ADDRESS = '2001:db8:11::c';

/** Plain forwarding, the same in all three rows. */
function route({ name, namespace }: Lane): void {
  // A veth accepts redirected frames only with an XDP program or NAPI, which GRO switches on.
  command(`ip netns exec ${name} ethtool -K b gro on`);
  namespace.run(() => writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1'));
  const lines = [
    `address add ${BOX_ADDRESS}/64 dev c nodad`,
    'address add fe80::c/64 dev c nodad',
    'address add fe80::b/64 dev b nodad',
    `neighbour add fe80::d lladdr ${formatMac(MAC.sink)} dev c nud permanent`,
    'route add fc00:db8:2::/48 via fe80::d dev c',
  ];
  command(`ip -n ${name} -batch -`, `${lines.join('\n')}\n`);
}

export function routeRow(lane: Lane): Row {
  route(lane);
  return { name: 'route', lane, traffic: 'inside', expected: (context) => forwardedFrame(context) };
}

/** RFC 6296, as Linux has it. */
export function prefixTranslationRow(lane: Lane): Row {
  route(lane);
  const target = 'SNPT --src-pfx fc00:db8:1::/48 --dst-pfx 2001:db8:11::/48';
  command(`ip netns exec ${lane.name} ip6tables -t mangle -A POSTROUTING -j ${target}`);
  return { name: 'nptv6', lane, traffic: 'inside', expected: prefixTranslatedFrame };
}

/** `contexts`: connections that the kernel must be able to track at once. */
export function masqueradeRow(lane: Lane, contexts: number): Row {
  route(lane);
  const rules = [
    'add table ip6 bench',
    'add chain ip6 bench postrouting { type nat hook postrouting priority srcnat; }',
    'add rule ip6 bench postrouting oifname "c" masquerade',
  ];
  command(`ip netns exec ${lane.name} nft -f -`, `${rules.join('\n')}\n`);
  const restore = trackConnections(contexts);
  // Longer than the benchmark: no connection is set up while packets are timed.
  lane.namespace.run(() => writeFileSync('/proc/sys/net/netfilter/nf_conntrack_udp_timeout', '86400'));
  const source = parseAddress(BOX_ADDRESS);
  return {
    name: 'masquerade',
    lane,
    traffic: 'inside',
    expected: (context) => forwardedFrame(context, source),
    close: restore,
  };
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
