/**
 * FRR in the lab, for tests that ask for it: BFD between a site's box and its providers' routers. Each namespace has
 * daemons of its own with their own files, so that the machine's FRR, if it runs one, is left alone.
 */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { LabError, run, runIn, until } from './command.ts';
import { inState, STATE_DIRECTORY } from './paths.ts';
import { assertAlive, start } from './process.ts';
import { type LabProcess, readState } from './state.ts';
import type { Provider, Site } from './topology.ts';

export const FRR = '/usr/lib/frr';
export type FrrDaemon = 'zebra' | 'bfdd' | 'bgpd';

export interface FrrInstance {
  /** Of the instance and, behind a daemon's name, of its processes. */
  readonly name: string;
  readonly namespace: string;
}

const directoryOf = ({ name }: FrrInstance): string => inState('frr', name);

/** Where the boxes find bfdd. */
export const bfddSocket = (instance: FrrInstance): string => `${directoryOf(instance)}/bfdd.sock`;

/** Starts a daemon of the instance. `configuration`: lines. `words`: more of its command line. */
export async function startFrr(
  instance: FrrInstance,
  daemon: FrrDaemon,
  configuration: readonly string[],
  words: readonly string[] = [],
): Promise<LabProcess> {
  if (!existsSync(`${FRR}/${daemon}`)) throw new LabError(`${FRR}/${daemon} is missing: apt-get install frr`);
  const directory = directoryOf(instance);
  makeDirectory(directory);
  const file = `${directory}/${daemon}.conf`;
  writeFileSync(file, `${configuration.join('\n')}\n`, { mode: 0o644 });
  // What an earlier run left would be taken for the sign that this one is ready.
  rmSync(`${directory}/${daemon}.vty`, { force: true });
  const process = await start(`${daemon}-${instance.name}`, instance.namespace, [
    `${FRR}/${daemon}`,
    ...['-f', file, '-z', `${directory}/zserv`, '-i', `${directory}/${daemon}.pid`],
    ...['--vty_socket', directory, '-P', '0', '--log', 'stdout'],
    ...words,
  ]);
  await until(`${daemon} runs in ${instance.namespace}`, async () => {
    assertAlive(process);
    return existsSync(`${directory}/${daemon}.vty`);
  });
  return process;
}

/** The daemons run as their own user: the way to their files must be open to it. */
function makeDirectory(directory: string): void {
  const user = /^frr:[^:]*:(\d+):(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (user === null) throw new LabError('there is no user frr: apt-get install frr');
  mkdirSync(directory, { recursive: true });
  chmodSync(STATE_DIRECTORY, 0o711);
  chownSync(directory, Number(user[1]), Number(user[2]));
}

/** A daemon of an instance, as it was started last. */
export function frrProcess(instance: FrrInstance, daemon: FrrDaemon): LabProcess {
  const process = readState()?.processes.findLast(({ name }) => name === `${daemon}-${instance.name}`);
  if (process === undefined) throw new LabError(`${daemon} of ${instance.name} was not started`);
  return process;
}

/** Has the instance's daemons carry out commands, in configuration mode if they begin with `configure`. */
export async function vtysh(instance: FrrInstance, ...commands: readonly string[]): Promise<string> {
  const words = commands.flatMap((command) => ['-c', command]);
  return (await run(['vtysh', '--vty_socket', directoryOf(instance), ...words])).stdout;
}

// ---- BFD ----

export interface BfdTimers {
  /** Milliseconds between packets. */
  readonly interval: number;
  readonly multiplier: number;
}

export const bfdOfBox = (site: Site): FrrInstance => ({ name: `bfd-${site.box}`, namespace: site.box });
export const bfdOfProvider = ({ name }: Provider): FrrInstance => ({ name: `bfd-${name}`, namespace: name });

/** BFD between the site's box and all its providers. Give the box `liveness: { bfd: { socket } }`; see bfdLiveness. */
export async function startBfd(
  site: Site,
  timers: BfdTimers = { interval: 300, multiplier: 3 },
): Promise<void> {
  await startBfdOfBox(site, timers);
  for (const provider of site.providers) {
    const { gateway, boxAddress } = provider;
    const peer = bfdPeer(boxAddress, gateway, site.box, timers);
    await startPair(bfdOfProvider(provider), peer);
  }
  await until(`BFD between ${site.box} and its providers is up`, async () => {
    const peers = JSON.parse(await vtysh(bfdOfBox(site), 'show bfd peers json')) as { status: string }[];
    return peers.length === site.providers.length && peers.every(({ status }) => status === 'up');
  });
}

/** The box's own side alone: again, for instance, after it was ended. */
export async function startBfdOfBox(site: Site, timers: BfdTimers = { interval: 300, multiplier: 3 }) {
  const peers = site.providers.flatMap(({ name, gateway, boxAddress }) =>
    bfdPeer(gateway, boxAddress, name, timers),
  );
  await startPair(bfdOfBox(site), peers);
}

/** What the configuration of each of the site's providers says to follow that. */
export const bfdLiveness = (site: Site) => ({ bfd: { socket: bfddSocket(bfdOfBox(site)) } });

async function startPair(instance: FrrInstance, peers: readonly string[]): Promise<void> {
  await startFrr(instance, 'zebra', []);
  await startFrr(instance, 'bfdd', ['bfd', ...peers], ['--bfdctl', bfddSocket(instance)]);
}

const bfdPeer = (peer: string, local: string, device: string, { interval, multiplier }: BfdTimers) => [
  ` peer ${peer} local-address ${local} interface ${device}`,
  `  detect-multiplier ${multiplier}`,
  `  receive-interval ${interval}`,
  `  transmit-interval ${interval}`,
  '  no shutdown',
  ' exit',
];

// ---- silent failures ----

const SILENCE = 'silence';

/** The provider's router goes on to have carrier, but neither takes nor sends a packet on the box's link. */
export async function silence(site: Site, provider: Provider): Promise<void> {
  const rules = `table netdev ${SILENCE} {
  chain in { type filter hook ingress device "${site.box}" priority 0; policy drop; }
}
table inet ${SILENCE} {
  chain out { type filter hook postrouting priority 300; oifname "${site.box}" drop; }
}`;
  await runIn(provider.name, ['nft', '-f', '-'], { input: rules });
}

export async function endSilence(provider: Provider): Promise<void> {
  for (const family of ['netdev', 'inet'])
    await runIn(provider.name, ['nft', 'delete', 'table', family, SILENCE]);
}
