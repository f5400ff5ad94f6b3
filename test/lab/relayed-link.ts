/**
 * A second link of site 1 behind a router, for tests that ask for it: `far` is a host there, `rtr` the router with a
 * stock DHCPv6 relay agent. `lab down` does not know of them: `remove` does.
 */
import { run, runIn } from './command.ts';
import { start } from './process.ts';
import { unconfined } from './services.ts';
import { NAMESPACE_PREFIX, SITES } from './topology.ts';

export const FAR_HOST = 'far';
const ROUTER = 'rtr';
export const FAR_SUBNET = 'fc00:db8:1:2::/64';
const FAR_ROUTER_ADDRESS = 'fc00:db8:1:2::1';
const ROUTER_ADDRESS = 'fc00:db8:1::fe';
/** What the relay agent calls its interface toward the host. */
const DOWNSTREAM = 'down';
const [site] = SITES;

const batch = (namespace: string, lines: readonly string[]) =>
  runIn(namespace, ['ip', '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` });

/** Router and host, cabled up; the box has a route. */
export async function raiseRelayedLink(): Promise<void> {
  const names = [ROUTER, FAR_HOST].map((name) => NAMESPACE_PREFIX + name);
  await Promise.all(names.map((name) => run(['ip', 'netns', 'add', name])));
  for (const name of [ROUTER, FAR_HOST])
    await runIn(name, [
      'sysctl',
      '-qw',
      'net.ipv6.conf.all.accept_dad=0',
      'net.ipv6.conf.default.accept_dad=0',
    ]);
  await runIn(ROUTER, ['sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1']);
  const cables = [
    `link add name up netns ${names[0]} type veth peer name ${ROUTER} netns ${NAMESPACE_PREFIX}${site.switch}`,
    `link add name ${DOWNSTREAM} netns ${names[0]} type veth peer name eth0 netns ${names[1]}`,
  ];
  await run(['ip', '-batch', '-'], { input: `${cables.join('\n')}\n` });
  await batch(site.switch, [`link set dev ${ROUTER} master lan`, `link set dev ${ROUTER} up`]);
  await batch(ROUTER, [
    'link set dev lo up',
    'link set dev up up',
    `link set dev ${DOWNSTREAM} up`,
    `addr add ${ROUTER_ADDRESS}/64 dev up`,
    `addr add ${FAR_ROUTER_ADDRESS}/64 dev ${DOWNSTREAM}`,
    `route add default via ${site.router} dev up`,
  ]);
  await batch(FAR_HOST, ['link set dev lo up', 'link set dev eth0 up']);
  await batch(FAR_HOST, [`route add default via ${FAR_ROUTER_ADDRESS} dev eth0 onlink`]);
  await batch(site.box, [`route add ${FAR_SUBNET} via ${ROUTER_ADDRESS} dev lan`]);
}

/** ISC's relay agent: what comes from the host goes to the servers' multicast address on the site's link. */
export const startRelay = () =>
  start(
    'dhcrelay',
    ROUTER,
    unconfined(['/usr/sbin/dhcrelay', '-6', '-d', '-I', '-l', DOWNSTREAM, '-u', 'up']),
  );

/** After `lab down`, or before: nothing of it stays. */
export async function removeRelayedLink(): Promise<void> {
  for (const name of [ROUTER, FAR_HOST])
    await run(['ip', 'netns', 'delete', NAMESPACE_PREFIX + name]).catch(() => undefined);
}
