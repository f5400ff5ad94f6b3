/** Silent failures that only BFD notices, and a bfdd that dies: real FRR, real boxes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startBox, uplinks } from './box.ts';
import { delay, until } from './command.ts';
import { configureProviders } from './configuration.ts';
import { bfdLiveness, bfdOfBox, endSilence, frrProcess, silence, startBfd, startBfdOfBox } from './frr.ts';
import { down, up } from './lab.ts';
import { ping, startProbes } from './measure.ts';
import { stop } from './process.ts';
import { hostIn } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, peer] = SITES;
const [first] = site.providers;

async function uplink(name: string) {
  return (await uplinks(site)).find((row) => row.name === name)!;
}

const bfdIs = (name: string, wanted: string, state: 'up' | 'down') =>
  until(`BFD on ${name} is ${wanted} and the uplink ${state}`, async () => {
    const row = await uplink(name);
    const source = row.sources.find((candidate) => candidate.source === 'bfd');
    return source?.state === wanted && row.state === state && row;
  });

describe('uplinks watched by BFD', { skip }, () => {
  before(async () => {
    await up({ owned: true, boxes: false });
    await startBfd(site);
    configureProviders(site, () => ({ liveness: bfdLiveness(site), hysteresis: { 'up-after': 1 } }));
    await Promise.all([startBox(site), startBox(peer)]);
  });
  after(down);

  it('are up, and BFD says so', async () => {
    for (const { name } of site.providers) await bfdIs(name, 'up', 'up');
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 3)).received, 3);
  });

  it('moves traffic within a second and a bit when the provider falls silent', async (test) => {
    const probes = startProbes(hostIn('h1'), hostIn('h2'));
    await delay(500);
    probes.mark();
    await silence(site, first!);
    const row = await bfdIs(first!.name, 'down', 'down');
    await delay(500);
    const { atSecond } = await probes.stop();
    const gap = atSecond.longestGaps[1]!;
    test.diagnostic(`${row.switches.at(-1)!.reason}; a gap of ${gap.toFixed(0)} ms toward h2`);
    assert.match(row.switches.at(-1)!.reason, /^bfd: /);
    assert.ok(gap < 1500, `${gap} ms with 3 x 300 ms`);
  });

  it('uses the uplink again when it has been stable', async () => {
    await endSilence(first!);
    const row = await bfdIs(first!.name, 'up', 'up');
    const { since } = row.sources.find(({ source }) => source === 'bfd')!;
    const waited = Date.parse(row.since!) - Date.parse(since);
    assert.ok(waited >= 1000 - 5 && waited < 1500, `${waited} ms after BFD`);
  });

  it('takes nothing for a failure when bfdd is killed, nor when it is back', async () => {
    const before = await uplink(first!.name);
    const daemon = frrProcess(bfdOfBox(site), 'bfdd');
    process.kill(daemon.pid, 'SIGKILL');
    await bfdIs(first!.name, 'unknown', 'up');
    await stop([frrProcess(bfdOfBox(site), 'zebra')]);
    await startBfdOfBox(site);
    const after = await bfdIs(first!.name, 'up', 'up');
    assert.deepEqual(after.switches, before.switches);
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 3)).received, 3);
  });

  it('takes nothing for a failure when bfdd hangs', async () => {
    const daemon = frrProcess(bfdOfBox(site), 'bfdd');
    process.kill(daemon.pid, 'SIGSTOP');
    const row = await bfdIs(first!.name, 'unknown', 'up');
    assert.equal(row.sources.find(({ source }) => source === 'bfd')?.detail, 'bfdd does not answer');
    process.kill(daemon.pid, 'SIGCONT');
    await bfdIs(first!.name, 'up', 'up');
  });
});
