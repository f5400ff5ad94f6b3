/**
 * Contexts established per second, box to box: two daemons' boxes, each on a processor of its own,
 * over a veth pair that stands for the Internet; every message goes through XDP, ring buffer and
 * packet socket as in operation.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSiteKey } from '../../../control/store/site-key.ts';
import { command } from '../command.ts';
import { type Spread, spread } from '../statistics.ts';
import type { BoxReport } from './box.ts';
import { BoxProcess } from './box-process.ts';
import { INSIDE, PROVIDER, providerAddresses, type SiteNumber } from './site.ts';

export interface HandshakeOptions {
  readonly contexts: number;
  /** Handshakes under way at once. */
  readonly window: number;
  readonly progress: (line: string) => void;
}

export interface HandshakeResult {
  readonly contexts: number;
  readonly window: number;
  /** Contexts a second, of each tenth of the run. */
  readonly perSecond: Spread;
  readonly initiator: SideResult;
  readonly responder: SideResult;
}

export interface SideResult {
  /** Microseconds of processor time a context. */
  readonly processor: number;
  /** Octets of the process a context, beyond the BPF tables. */
  readonly memory: number;
  /** Milliseconds of event-loop delay: the median tenth's 99th percentile, and the worst of all. */
  readonly delay99: number;
  readonly delayWorst: number;
}

const TENTHS = 10;
const SITES: readonly SiteNumber[] = [1, 2];

/** Throws CommandError and RowError. Leaves nothing behind. */
export async function benchHandshake(options: HandshakeOptions): Promise<HandshakeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'pshim6-handshake-'));
  const namespaces = SITES.map((site) => `pshim6-handshake-${process.pid}-${site}`);
  const boxes: BoxProcess[] = [];
  try {
    buildNetwork(namespaces);
    const keys = SITES.map((site) => join(folder, `site${site}.pem`));
    for (const key of keys) createSiteKey(key);
    const hosts = Math.ceil(Math.sqrt(options.contexts));
    const capacity = Math.max(1024, options.contexts);
    for (const [index, site] of SITES.entries()) {
      boxes.push(
        new BoxProcess(namespaces[index]!, index, [site, hosts, capacity, keys[index]!, keys[1 - index]!]),
      );
    }
    await Promise.all(boxes.map((box) => box.ready()));
    return await measure(boxes, options);
  } finally {
    await Promise.all(boxes.map((box) => box.close()));
    for (const namespace of namespaces) removeNamespace(namespace);
    rmSync(folder, { recursive: true });
  }
}

async function measure(boxes: readonly BoxProcess[], options: HandshakeOptions): Promise<HandshakeResult> {
  const [initiator] = boxes;
  const memoryBefore = await Promise.all(boxes.map((box) => box.memory()));
  const first = await reportAll(boxes);
  const rates: number[] = [];
  const reports: BoxReport[][] = [];
  for (let tenth = 0; tenth < TENTHS; tenth++) {
    const count = Math.floor(options.contexts / TENTHS);
    await Promise.all(boxes.map((box) => box.begin()));
    const milliseconds = await initiator!.establish(count, options.window);
    rates.push(count / (milliseconds / 1000));
    reports.push(await reportAll(boxes));
    options.progress(`${(tenth + 1) * count} contexts, ${Math.round(rates.at(-1)!)} a second`);
  }
  const memory = await Promise.all(boxes.map((box) => box.memory()));
  const side = (index: number): SideResult => {
    const rows = reports.map((row) => row[index]!);
    const last = rows.at(-1)!;
    return {
      processor: ((last.processor - first[index]!.processor) * 1000) / last.established,
      memory: (memory[index]! - memoryBefore[index]!) / last.established,
      delay99: spread(rows.map((row) => row.delay99)).median,
      delayWorst: Math.max(...rows.map((row) => row.delayWorst)),
    };
  };
  const { contexts, window } = options;
  return { contexts, window, perSecond: spread(rates), initiator: side(0), responder: side(1) };
}

const reportAll = (boxes: readonly BoxProcess[]) => Promise.all(boxes.map((box) => box.report()));

function removeNamespace(name: string): void {
  if (existsSync(`/run/netns/${name}`)) command(`ip netns delete ${name}`);
}

/** Two namespaces, a link between them, and a link without hosts in each. */
function buildNetwork(namespaces: readonly string[]): void {
  for (const namespace of namespaces) {
    command(`ip netns add ${namespace}`);
    command(`ip -n ${namespace} link add ${INSIDE} type veth peer name hosts`);
  }
  command(
    `ip link add ${PROVIDER} netns ${namespaces[0]} type veth peer name ${PROVIDER} netns ${namespaces[1]}`,
  );
  for (const [index, namespace] of namespaces.entries()) {
    const commands = [
      `address add ${providerAddresses(SITES[index]!)} dev ${PROVIDER} nodad`,
      ...[INSIDE, 'hosts', PROVIDER].map((name) => `link set dev ${name} up`),
    ];
    command(`ip -n ${namespace} -batch -`, `${commands.join('\n')}\n`);
  }
}
