/**
 * The box whose uplink fails, a process of its own in a namespace of its own: `node box.ts CONTEXTS KEY`. It is a whole
 * box; only its contexts are written into the tables without a handshake each. Orders: `delay`, `up`, `end`.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { systemRandom } from '../../../control/adapters/random.ts';
import { Box } from '../../../control/box.ts';
import { createLog } from '../../../control/observe/log.ts';
import { Site } from '../../../control/site/site.ts';
import { loadSiteKey } from '../../../control/store/site-key.ts';
import { MemoryStore } from '../../store/memory-store.ts';
import { contextOf, failoverConfig } from './site.ts';

const [count, key] = [Number(process.argv[2]), process.argv[3]!];
const config = failoverConfig(Math.max(1024, count), key);
const random = systemRandom();
const site = await Site.open({
  config,
  key: loadSiteKey(key),
  store: new MemoryStore(),
  miner: { mine: () => {} },
  random,
  onNotKept: () => {},
});
const box = new Box({ site, log: createLog(config.log), clock: () => performance.now(), random });
const delay = monitorEventLoopDelay({ resolution: 1 });
const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const { egress } = box.dataplane;
for (let number = 0; number < count; number++) {
  const { local, peer, paths } = contextOf(number);
  const slot = egress.add(local, peer, { high: 1, low: number }, paths);
  if (slot >= 0) egress.setLive(slot);
}

/** Milliseconds for the uplinks to be up. */
const PATIENCE = 60_000;
async function allUp(): Promise<boolean> {
  for (const since = performance.now(); performance.now() - since < PATIENCE; ) {
    if (box.links.uplinks.every((uplink) => uplink.up)) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
}

if (!(await allUp())) throw new TypeError('the uplinks are not up');
delay.enable();
say({ contexts: egress.count });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'delay') {
    say({ worst: delay.max / 1e6 });
    delay.reset();
  } else if (line === 'up') say({ up: await allUp() });
  else break;
}
box.close(false);
process.exit(0);
