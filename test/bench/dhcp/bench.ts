/** Four-way exchanges a second that a DHCPv6 server sustains, ours and Kea's in turn. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../command.ts';
import { type PerfdhcpRun, perfdhcp } from './perfdhcp.ts';
import { type ServerName, start } from './servers.ts';

export interface DhcpOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: (line: string) => void;
}

/** The best run under MOST_DROPS of each round. */
export type DhcpRates = Readonly<Record<ServerName, readonly number[]>>;

const SERVER = `pshim6-dhcp-server-${process.pid}`;
const CLIENT = `pshim6-dhcp-client-${process.pid}`;
const MOST_DROPS = 0.01;
const FIRST_RATE = 250;
const STEP = 1.25;
const HIGHEST_RATE = 100_000;
/** Rates at which it fails, one after another, before it is believed. */
const FAILURES = 2;
const WARM_UP_RUNS = 2;

/** Throws CommandError and RowError; nothing stays behind. */
export async function benchDhcp({ rounds, seconds, progress }: DhcpOptions): Promise<DhcpRates> {
  const rates: Record<ServerName, number[]> = { pshim6: [], kea: [] };
  try {
    raise();
    for (let round = 0; round < rounds; round++) {
      for (const name of ['pshim6', 'kea'] as const) {
        const report = (run: PerfdhcpRun, asked: number) =>
          progress(
            `${name}: ${asked} asked, ${Math.round(run.rate)} done, ${(100 * run.drops).toFixed(2)} % dropped`,
          );
        rates[name].push(await sustained(name, seconds, report));
      }
    }
  } finally {
    for (const name of [SERVER, CLIENT]) remove(name);
  }
  return rates;
}

function raise(): void {
  for (const name of [SERVER, CLIENT]) {
    command(`ip netns add ${name}`);
    const settings = ['all.accept_dad=0', 'default.accept_dad=0', 'all.forwarding=1'];
    for (const setting of settings)
      command(`nsenter --net=/run/netns/${name} -- sysctl -qw net.ipv6.conf.${setting}`);
    command(`ip -n ${name} link set lo up`);
  }
  for (const [inside, far] of [
    ['lan', 'eth0'],
    ['x1', 'x1'],
  ]) {
    command(`ip link add name ${inside} netns ${SERVER} type veth peer name ${far} netns ${CLIENT}`);
    command(`ip -n ${SERVER} link set ${inside} up`);
    command(`ip -n ${CLIENT} link set ${far} up`);
  }
  command(`ip -n ${SERVER} address add fc00:db8:1::1/64 dev lan`);
}

function remove(name: string): void {
  try {
    command(`ip netns delete ${name}`);
  } catch {
    // It was not made.
  }
}

/** Faster and faster, with a fresh server, until it drops more than it may. */
async function sustained(
  name: ServerName,
  seconds: number,
  report: (run: PerfdhcpRun, asked: number) => void,
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'pshim6-bench-dhcp-'));
  try {
    const server = await start[name](SERVER, directory);
    let best = 0;
    // What runs for the first time is slow: code that is not compiled yet, caches, a new file.
    try {
      for (let time = 1; time <= WARM_UP_RUNS; time++) perfdhcp(CLIENT, 4 * FIRST_RATE, seconds, time);
      for (let rate = FIRST_RATE, failures = 0; failures < FAILURES && rate < HIGHEST_RATE; rate *= STEP) {
        const asked = Math.round(rate);
        const run = perfdhcp(CLIENT, asked, seconds, asked);
        report(run, asked);
        failures = run.drops < MOST_DROPS ? 0 : failures + 1;
        if (failures === 0) best = Math.max(best, run.rate);
      }
    } finally {
      await server.close();
    }
    return best;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
