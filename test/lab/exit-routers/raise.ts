/**
 * Puts an exit router between site 1's box and each of its providers: the box has one interface, `backbone`, and
 * reaches them by IPv6-in-IPv6 tunnels. The routers' ends are the kernel's where it has ip6tnl, else exit.bpf.c.
 */
import { join } from 'node:path';
import { run, runIn, until } from '../command.ts';
import { configureProviders } from '../configuration.ts';
import { offloadsOff, ROUTER_SYSCTLS, receiveRedirected, SYSCTLS } from '../network.ts';
import { connectNewProvider, NEW_PROVIDER } from '../new-provider.ts';
import { inState } from '../paths.ts';
import { assertAlive, logTail, start } from '../process.ts';
import {
  BACKBONE,
  CORE_ADDRESS,
  EXIT_ROUTERS,
  FAR_EXIT_ROUTER,
  NAMESPACE_PREFIX,
  type Provider,
  SITES,
} from '../topology.ts';

const [SITE] = SITES;
export const BOX_END = 'fd00:db8:1:b::1';
const exitEnd = (index: number) => `fd00:db8:1:b::e${index + 1}`;
/** An address of the box itself out of what a provider delegated. */
export const ownAddress = (provider: Provider) => provider.prefix.replace('::/48', ':fffe::1');
const LINK_SUBNET = 'ffff';
/** Octets of a tunnel's header. */
const HEADER = 40;

const batch = (namespace: string, lines: readonly string[]) =>
  runIn(namespace, ['ip', '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` });

/** For a lab without boxes. What it makes goes with the lab. */
export async function raiseExitRouters(): Promise<void> {
  for (const name of [BACKBONE, ...EXIT_ROUTERS]) {
    await run(['ip', 'netns', 'add', NAMESPACE_PREFIX + name]);
    await runIn(name, ['sysctl', '-qw', ...SYSCTLS, ...(name === BACKBONE ? [] : ROUTER_SYSCTLS)]);
  }
  await batch(BACKBONE, ['link add name lan up type bridge mcast_snooping 0']);
  await plugIn(SITE.box, [`addr add ${BOX_END}/64 dev ${BACKBONE}`]);
  const haveTunnels = await kernelHasTunnels();
  for (const [index, provider] of SITE.providers.entries())
    await raiseExitRouter(EXIT_ROUTERS[index]!, exitEnd(index), provider, haveTunnels);
  const [first] = SITE.providers;
  await batch(SITE.box, [
    ...SITE.providers.map((provider) => `addr add ${ownAddress(provider)}/128 dev lo nodad`),
    `route add default via ${exitEnd(0)} dev ${BACKBONE} src ${ownAddress(first!)} metric 1`,
  ]);
}

/** Whether it does, for what a test may say of itself. */
export async function kernelHasTunnels(): Promise<boolean> {
  const name = 'pshim6probe';
  try {
    await runIn(BACKBONE, ['ip', 'link', 'add', name, 'type', 'ip6tnl', 'remote', '::1', 'local', '::2']);
  } catch {
    return false;
  }
  await runIn(BACKBONE, ['ip', 'link', 'delete', name]);
  return true;
}

/** A cable between the namespace's interface `backbone` and the switch of the site's inner network. */
async function plugIn(namespace: string, lines: readonly string[]): Promise<void> {
  const [here, there] = [NAMESPACE_PREFIX + namespace, NAMESPACE_PREFIX + BACKBONE];
  await run([
    ...['ip', 'link', 'add', 'name', BACKBONE, 'netns', here, 'type', 'veth'],
    ...['peer', 'name', namespace, 'netns', there],
  ]);
  await batch(BACKBONE, [`link set dev ${namespace} master lan`, `link set dev ${namespace} up`]);
  await batch(namespace, ['link set dev lo up', `link set dev ${BACKBONE} up`, ...lines]);
  await runIn(namespace, ['sh', '-c', offloadsOff(BACKBONE)]);
  await runIn(BACKBONE, ['sh', '-c', offloadsOff(namespace)]);
  await run(['sh', '-c', receiveRedirected({ namespace: BACKBONE, interface: namespace })]);
}

async function raiseExitRouter(
  router: string,
  own: string,
  provider: Provider,
  haveTunnels: boolean,
): Promise<void> {
  const { name, gateway, boxAddress } = provider;
  await plugIn(router, [`addr add ${own}/64 dev ${BACKBONE}`]);
  // The cable to the provider now ends here.
  await run([
    'ip',
    '-n',
    NAMESPACE_PREFIX + SITE.box,
    'link',
    'set',
    name,
    'netns',
    NAMESPACE_PREFIX + router,
  ]);
  await batch(router, [
    `link set dev ${name} up`,
    `addr add ${boxAddress}/64 dev ${name}`,
    `route add default via ${gateway} dev ${name}`,
  ]);
  await startTunnel({ router, own, provider, via: BOX_END, mtu: 1500 - HEADER }, haveTunnels);
}

interface ExitTunnel {
  readonly router: string;
  /** Its own end. */
  readonly own: string;
  readonly provider: Provider;
  /** Next hop to the box. */
  readonly via: string;
  /** Octets that it takes. */
  readonly mtu: number;
}

/** The exit router's end of the tunnel to the box. */
async function startTunnel(
  { router, own, provider: { name, prefix }, via, mtu }: ExitTunnel,
  haveTunnels: boolean,
): Promise<void> {
  if (haveTunnels) {
    await batch(router, [
      `link add name box type ip6tnl mode ip6ip6 local ${own} remote ${BOX_END}`,
      'link set dev box up',
      `route add ${prefix} dev box`,
    ]);
    return;
  }
  // For what is too long, which the program leaves to the kernel: it answers Packet Too Big.
  await batch(router, [`route add ${prefix} via ${via} dev ${BACKBONE} mtu lock ${mtu}`]);
  const object = await compile();
  const words = [object, BACKBONE, name, own, BOX_END, prefix, LINK_SUBNET, String(mtu)];
  const program = await start(router, router, [
    process.execPath,
    join(import.meta.dirname, 'program.ts'),
    ...words,
  ]);
  await until(`${router} is ready`, async () => {
    assertAlive(program);
    return logTail(router).includes('is ready');
  });
}

async function compile(): Promise<string> {
  const object = inState('exit.bpf.o');
  const { stdout } = await run(['clang', '-print-multiarch']);
  const flags = [
    '-O2',
    '-g',
    '-target',
    'bpf',
    '-Wall',
    '-Werror',
    '-Wno-address-of-packed-member',
    '-isystem',
    `/usr/include/${stdout.trim()}`,
  ];
  await run(['clang', ...flags, '-c', join(import.meta.dirname, 'exit.bpf.c'), '-o', object]);
  return object;
}

/**
 * Has site 1's box use them. Carrier tells nothing of the providers: probes do, every `interval` seconds. `keys`: more of
 * each provider's.
 */
export function configureTunnels(keys: Readonly<Record<string, unknown>> = {}, interval = 0.2): void {
  configureProviders(SITE, (provider) => {
    const remote = exitEnd(SITE.providers.indexOf(provider));
    const probe = { targets: [CORE_ADDRESS], interval, loss: 3, source: ownAddress(provider) };
    const tunnel = { local: BOX_END, remote };
    return { interface: BACKBONE, gateway: remote, tunnel, liveness: { probe }, ...keys };
  });
}

/** A tunnel that a running box may be told of: its ends, and the next hop on the backbone. */
export interface FarTunnel {
  readonly local: string;
  readonly remote: string;
  readonly gateway: string;
}

/**
 * One more provider, whose exit router is behind a router of the site's inner network that takes less on the link
 * between them: `mtu` octets. The box is told nothing, of either.
 */
export async function raiseFarExitRouter(mtu: number): Promise<FarTunnel> {
  const router = FAR_EXIT_ROUTER;
  const subnet = 'fd00:db8:1:c';
  const tunnel = { local: BOX_END, remote: `${subnet}::e3`, gateway: BOX_END.replace(/1$/, 'ff') };
  await run(['ip', 'netns', 'add', NAMESPACE_PREFIX + router]);
  for (const namespace of [router, BACKBONE])
    await runIn(namespace, ['sysctl', '-qw', ...SYSCTLS, ...ROUTER_SYSCTLS]);
  await run([
    ...['ip', 'link', 'add', 'name', BACKBONE, 'netns', NAMESPACE_PREFIX + router, 'type', 'veth'],
    ...['peer', 'name', router, 'netns', NAMESPACE_PREFIX + BACKBONE],
  ]);
  await batch(BACKBONE, [
    `addr add ${tunnel.gateway}/64 dev lan`,
    `link set dev ${router} mtu ${mtu} up`,
    `addr add ${subnet}::ff/64 dev ${router}`,
  ]);
  await batch(router, [
    'link set dev lo up',
    `link set dev ${BACKBONE} mtu ${mtu} up`,
    `addr add ${tunnel.remote}/64 dev ${BACKBONE}`,
    `route add ${BOX_END}/64 via ${subnet}::ff dev ${BACKBONE}`,
  ]);
  await runIn(router, ['sh', '-c', offloadsOff(BACKBONE)]);
  await runIn(BACKBONE, ['sh', '-c', offloadsOff(router)]);
  await connectNewProvider(router);
  const { gateway, boxAddress, name } = NEW_PROVIDER;
  await batch(router, [
    `addr add ${boxAddress}/64 dev ${name}`,
    `route add default via ${gateway} dev ${name}`,
  ]);
  await startTunnel(
    { router, own: tunnel.remote, provider: NEW_PROVIDER, via: `${subnet}::ff`, mtu: mtu - HEADER },
    await kernelHasTunnels(),
  );
  return tunnel;
}
