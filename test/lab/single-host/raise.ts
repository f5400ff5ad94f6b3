/** Plugs the single host into a lab that is up: its namespace, its cables, its names and its program. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createSiteKey } from '../../../control/store/site-key.ts';
import { formatAddress, parseAddress } from '../../../control/wire/ipv6/address.ts';
import { run, runIn, until } from '../command.ts';
import { UPDATE_KEY } from '../dns.ts';
import { inState } from '../paths.ts';
import { assertAlive, logTail, start } from '../process.ts';
import type { LabHost } from '../state.ts';
import { CORE, NAME_SERVER, NAMESPACE_PREFIX, RESOLVER, ULID_RECORD_TYPE } from '../topology.ts';
import { addressesOf, PROVIDER_LINKS, SINGLE, SINGLE_NAME, STACK } from './plan.ts';

/** Returns it as a host of the lab; `lab down` removes it with the rest. */
export async function raiseSingleHost(): Promise<LabHost> {
  const keyFile = inState('single.key.pem');
  const { publicKey } = createSiteKey(keyFile);
  const modifier = randomBytes(16);
  const { ulid, locators } = addressesOf(publicKey, modifier);
  const host: LabHost = {
    namespace: SINGLE,
    name: SINGLE_NAME,
    cmula: formatAddress(ulid),
    locators: locators.map(formatAddress),
    // It has its address by itself.
    duid: '',
    modifier: modifier.toString('hex'),
  };
  await plugIn(host);
  await publish(host);
  const words = [keyFile, host.modifier, RESOLVER.address];
  const program = await start(SINGLE, SINGLE, [
    process.execPath,
    join(import.meta.dirname, 'program.ts'),
    ...words,
  ]);
  await until('the single host is ready', async () => {
    assertAlive(program);
    return logTail(SINGLE).includes('is ready');
  });
  return host;
}

async function plugIn(host: LabHost): Promise<void> {
  const namespace = NAMESPACE_PREFIX + SINGLE;
  await run(['ip', 'netns', 'add', namespace]);
  const accepting = ['all', 'default'].map((name) => `net.ipv6.conf.${name}.accept_dad=0`);
  await runIn(SINGLE, ['sysctl', '-qw', ...accepting]);
  const cables = PROVIDER_LINKS.map(
    (link) =>
      `link add name ${link.name} netns ${namespace} address ${link.host} type veth ` +
      `peer name ${link.name} netns ${NAMESPACE_PREFIX}${CORE} address ${link.router}`,
  );
  await run(['ip', '-batch', '-'], { input: `${cables.join('\n')}\n` });
  await batch(CORE, [
    ...PROVIDER_LINKS.flatMap(({ name, prefix }) => [
      `link set dev ${name} up`,
      `addr replace fe80::1/64 dev ${name}`,
      `route replace ${prefix} via fe80::2 dev ${name}`,
    ]),
  ]);
  await batch(SINGLE, [
    'link set dev lo up',
    `link add name ${STACK.kernel} address ${STACK.kernelMac} mtu ${STACK.mtu} type veth peer name ${STACK.program} address ${STACK.programMac} mtu ${STACK.mtu}`,
    ...[STACK.kernel, STACK.program, ...PROVIDER_LINKS.map(({ name }) => name)].map(
      (name) => `link set dev ${name} up`,
    ),
    ...PROVIDER_LINKS.map(({ name }) => `addr add fe80::2/64 dev ${name}`),
    // Without nodad it could not be the source of routes until the kernel has thought about it.
    `addr add ${host.cmula}/128 dev lo nodad`,
    // Its own traffic, to the resolver for instance, is not SHIM6's.
    ...PROVIDER_LINKS.map(
      ({ name }, index) => `route add default via fe80::1 dev ${name} src ${host.cmula} metric ${index + 1}`,
    ),
    `neigh add fe80::3 lladdr ${STACK.programMac} dev ${STACK.kernel} nud permanent`,
    `route add fc00::/7 via fe80::3 dev ${STACK.kernel} src ${host.cmula}`,
  ]);
  // The program must see what crosses a wire: filled-in checksums, no packet longer than the MTU.
  const plain = (name: string) =>
    `ethtool -K ${name} rx off tx off sg off tso off gso off gro off >/dev/null`;
  await runIn(SINGLE, ['sh', '-e'], {
    input: `${[
      `sysctl -qw net.ipv6.conf.${STACK.program}.disable_ipv6=1`,
      ...[STACK.kernel, STACK.program, ...PROVIDER_LINKS.map(({ name }) => name)].map(plain),
      // The kernel does not know SHIM6, and must not say so to peers: the program does.
      "nft 'add table ip6 shim6; add chain ip6 shim6 in { type filter hook prerouting priority raw; }; add rule ip6 shim6 in meta l4proto 140 drop'",
    ].join('\n')}\n`,
  });
  await runIn(CORE, ['sh', '-e'], { input: `${PROVIDER_LINKS.map(({ name }) => plain(name)).join('\n')}\n` });
  const filters = PROVIDER_LINKS.map(
    ({ name, prefix }) => `iifname "${name}" ip6 saddr != { fe80::/10, ${prefix} } counter name refused drop`,
  );
  await runIn(CORE, ['nft', '-f', '-'], {
    input: `table ip6 single {
  counter refused {}
  chain ingress {
    type filter hook prerouting priority raw;
    ${filters.join('\n    ')}
    ip6 daddr fc00::/7 counter name refused drop
  }
}\n`,
  });
}

const batch = (namespace: string, lines: readonly string[]) =>
  runIn(namespace, ['ip', '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` });

/** Its name gets its locators and its ULID, as any name with a ULID. */
async function publish(host: LabHost): Promise<void> {
  const hexadecimal = Buffer.from(parseAddress(host.cmula)).toString('hex');
  const records = [
    ...host.locators.map((locator) => `AAAA ${locator}`),
    `TYPE${ULID_RECORD_TYPE} \\# 16 ${hexadecimal}`,
  ].map((record) => `update add ${host.name}. 60 ${record}`);
  const lines = [`server ${NAME_SERVER.address}`, 'zone example.net.', ...records, 'send'];
  const key = `hmac-sha256:${UPDATE_KEY.name}:${UPDATE_KEY.secret}`;
  await runIn(NAME_SERVER.namespace, ['nsupdate', '-y', key], { input: `${lines.join('\n')}\n` });
  await until(`${host.name} is in the DNS`, async () => {
    const query = ['dig', '+short', '+tries=1', '+time=1', `@${NAME_SERVER.address}`, host.name, 'AAAA'];
    return (await runIn(NAME_SERVER.namespace, query)).stdout.trim() !== '';
  });
}

/** Cuts one of its providers' links at the provider's end: the host loses carrier. Mends it again. */
export const setProvider = (name: string, state: 'up' | 'down') =>
  state === 'down'
    ? runIn(CORE, ['ip', 'link', 'set', 'dev', name, 'down'])
    : batch(CORE, [
        `link set dev ${name} up`,
        `addr replace fe80::1/64 dev ${name}`,
        `route replace ${PROVIDER_LINKS.find((link) => link.name === name)!.prefix} via fe80::2 dev ${name}`,
      ]);

/** Packets that its providers refused: sources they did not delegate, and CMULAs. */
export async function refusedPackets(): Promise<number> {
  const { stdout } = await runIn(CORE, ['nft', '-j', 'list', 'counter', 'ip6', 'single', 'refused']);
  const { nftables } = JSON.parse(stdout) as { nftables: { counter?: { packets: number } }[] };
  return nftables.find(({ counter }) => counter !== undefined)!.counter!.packets;
}
