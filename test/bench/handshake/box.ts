/**
 * One box of the benchmark, a process of its own in a namespace of its own. `node box.ts SITE HOSTS
 * CAPACITY KEY PEER-KEY`; orders come as lines (`establish COUNT WINDOW`, `report`, `end`), answers
 * go out as lines of JSON.
 */
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { Box } from '../../../control/box.ts';
import { createLog } from '../../../control/observe/log.ts';
import { Site } from '../../../control/site/site.ts';
import { loadSiteKey } from '../../../control/store/site-key.ts';
import { MemoryStore } from '../../store/memory-store.ts';
import { hostsOf, type SiteNumber, siteConfig } from './site.ts';

export interface BoxReport {
  readonly established: number;
  /** Octets of the process outside the BPF tables. */
  readonly memory: number;
  /** Milliseconds of processor time so far. */
  readonly processor: number;
  /** Milliseconds: how late the event loop was since the last report, 99th percentile and worst. */
  readonly delay99: number;
  readonly delayWorst: number;
  readonly counters: Readonly<Record<string, number>>;
}

const [siteNumber, hosts, capacity, key, peerKey] = process.argv.slice(2);
const number = Number(siteNumber) as SiteNumber;
const config = siteConfig(number, Number(hosts), Number(capacity), key!);
const local = hostsOf(config);
const peers = hostsOf(siteConfig(number === 1 ? 2 : 1, Number(hosts), Number(capacity), peerKey!));
const random = (length: number) => new Uint8Array(randomBytes(length));
const site = await Site.open({
  config,
  key: loadSiteKey(key!),
  store: new MemoryStore(),
  miner: { mine: () => {} },
  random,
  onNotKept: () => {},
});
const box = new Box({ site, log: createLog(config.log), clock: () => performance.now(), random });

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const milliseconds = (nanoseconds: number) => nanoseconds / 1e6;

function report(): BoxReport {
  const lateness = { delay99: milliseconds(delay.percentile(99)), delayWorst: milliseconds(delay.max) };
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  // Collecting for the measurement is no lateness of the box's.
  setImmediate(() => delay.reset());
  return {
    ...lateness,
    established: box.dataplane.egress.count,
    // The tables are external memory of the process, but not the daemon's.
    memory: heapUsed + Math.max(0, external - arrayBuffers),
    processor: (user + system) / 1000,
    counters: box.counters,
  };
}

let asked = 0;

/** The next pair of hosts that never spoke. */
function establishNext(): void {
  const [here, there] = [local[asked % local.length]!, peers[Math.floor(asked / local.length)]!];
  asked++;
  box.establish(here.ulid, there.ulid, there.locators);
}

/** Keeps `window` handshakes under way until `count` more contexts stand. */
function establish(count: number, window: number): Promise<number> {
  const goal = box.dataplane.egress.count + count;
  const start = performance.now();
  return new Promise((done) => {
    const step = () => {
      const standing = box.dataplane.egress.count;
      while (asked < goal && asked - standing < window) establishNext();
      if (standing >= goal) done(performance.now() - start);
      else setImmediate(step);
    };
    step();
  });
}

const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);

async function main(): Promise<void> {
  while (!box.links.uplinks.every((uplink) => uplink.up)) await new Promise((done) => setTimeout(done, 50));
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const [order, ...words] = line.split(' ');
    if (order === 'establish') say({ milliseconds: await establish(Number(words[0]), Number(words[1])) });
    else if (order === 'report') say(report());
    else break;
  }
  box.close(false);
  process.exit(0);
}

await main();
