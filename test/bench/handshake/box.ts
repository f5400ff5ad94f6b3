/**
 * One box of the benchmark, a process of its own in a namespace of its own. `node box.ts SITE HOSTS
 * CAPACITY KEY PEER-KEY`; orders come as lines (`establish COUNT WINDOW`, `begin`, `report`, `memory`,
 * `end`), answers go out as lines of JSON.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { systemRandom } from '../../../control/adapters/random.ts';
import { Box } from '../../../control/box.ts';
import { createLog } from '../../../control/observe/log.ts';
import { Site } from '../../../control/site/site.ts';
import { loadSiteKey } from '../../../control/store/site-key.ts';
import { MemoryStore } from '../../store/memory-store.ts';
import { hostsOf, type SiteNumber, siteConfig } from './site.ts';

export interface BoxReport {
  readonly established: number;
  /** Milliseconds of processor time so far. */
  readonly processor: number;
  /** Milliseconds: how late the event loop was since `begin`, 99th percentile and worst. */
  readonly delay99: number;
  readonly delayWorst: number;
  readonly counters: Readonly<Record<string, number>>;
}

const [siteNumber, hosts, capacity, key, peerKey] = process.argv.slice(2);
const number = Number(siteNumber) as SiteNumber;
const config = siteConfig(number, Number(hosts), Number(capacity), key!);
const local = hostsOf(config);
const peers = hostsOf(siteConfig(number === 1 ? 2 : 1, Number(hosts), Number(capacity), peerKey!));
const random = systemRandom();
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
  const { user, system } = process.cpuUsage();
  return {
    delay99: milliseconds(delay.percentile(99)),
    delayWorst: milliseconds(delay.max),
    established: box.dataplane.egress.count,
    processor: (user + system) / 1000,
    counters: box.counters,
  };
}

/** Octets of the process outside the BPF tables. */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  // The tables are external memory of the process, but not the daemon's.
  return heapUsed + Math.max(0, external - arrayBuffers);
}

/** Forgets how late the event loop was: what came before, like `memory`, is not what is measured. */
async function begin(): Promise<void> {
  await new Promise((done) => setTimeout(done, 20));
  delay.reset();
}

let asked = 0;

/** The next pair of hosts that never spoke. */
function establishNext(): void {
  const [here, there] = [local[asked % local.length]!, peers[Math.floor(asked / local.length)]!];
  asked++;
  box.handshakes.begin(here.ulid, there.ulid, there.locators);
}

/** Keeps `window` handshakes under way until `count` more contexts stand. */
function establish(count: number, window: number): Promise<number> {
  const goal = box.dataplane.egress.count + count;
  const start = performance.now();
  return new Promise((done) => {
    let isDue = false;
    const step = () => {
      isDue = false;
      const standing = box.dataplane.egress.count;
      while (asked < goal && asked - standing < window) establishNext();
      if (standing < goal) return;
      box.onHandshakeEnd = () => {};
      done(performance.now() - start);
    };
    box.onHandshakeEnd = () => {
      if (!isDue) setImmediate(step);
      isDue = true;
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
    else if (order === 'begin') say({ begun: await begin() });
    else if (order === 'report') say(report());
    else if (order === 'memory') say({ memory: memory() });
    else break;
  }
  box.close(false);
  process.exit(0);
}

await main();
