/** Silent failures that only BFD notices, and a bfdd that dies: real FRR, real boxes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { contextBetween, startBox, uplinks } from './box.ts';
import { delay, runIn, until } from './command.ts';
import { configureProviders } from './configuration.ts';
import { bfdLiveness, bfdOfBox, endSilence, frrProcess, silence, startBfd, startBfdOfBox } from './frr.ts';
import { down, up } from './lab.ts';
import { ping, startProbes } from './measure.ts';
import { stop } from './process.ts';
import { hostIn } from './state.ts';
import { CORE_ADDRESS, SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, peer] = SITES;
const [first] = site.providers;
/** Time for the probe programs to start on a busy machine. */
const REVERT_SECONDS = 5;
/** Datagrams under way by the other provider when the context goes back; see `late` in scenarios/list.ts. */
const LATE = 10;

async function uplink(name: string) {
  return (await uplinks(site)).find((row) => row.name === name)!;
}

const bfdIs = (name: string, wanted: string, state: 'up' | 'down') => sourceIs(name, 'bfd', wanted, state);

const sourceIs = (name: string, source: string, wanted: string, state: 'up' | 'down', timeout?: number) =>
  until(
    `${source} says ${wanted} of ${name} and the uplink is ${state}`,
    async () => {
      const row = await uplink(name);
      const said = row.sources.find((candidate) => candidate.source === source)?.state;
      return said === wanted && row.state === state && row;
    },
    timeout,
  );

/** The uplink by which h1's packets to h2 leave. */
async function carrier() {
  const context = await contextBetween(hostIn('h1'), hostIn('h2'));
  return context?.paths[context.active ?? 0]?.uplink;
}

describe('uplinks watched by BFD', { skip }, () => {
  before(async () => {
    await up({ owned: true, boxes: false });
    await startBfd(site);
    const keys = { hysteresis: { 'up-after': 1 }, revert: REVERT_SECONDS };
    configureProviders(site, () => ({ liveness: bfdLiveness(site), ...keys }));
    await Promise.all([startBox(site), startBox(peer)]);
  });
  after(down);

  it('are up, and BFD says so', async () => {
    for (const { name } of site.providers) await bfdIs(name, 'up', 'up');
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 3)).received, 3);
  });

  it('moves traffic within a second and a bit when the provider falls silent', async (test) => {
    await until('the preferred provider carries', async () => (await carrier()) === first!.name);
    const probes = startProbes(hostIn('h1'), hostIn('h2'));
    // Programs start slowly where much else runs.
    await delay(2000);
    probes.mark();
    await silence(site, first!);
    const row = await bfdIs(first!.name, 'down', 'down');
    await delay(500);
    const { atSecond } = await probes.stop();
    // A busy machine tells the probe late of the mark: the gap may begin before it.
    const gap = Math.max(...atSecond.longestGaps);
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

  it('has the context go back when the uplink has been up for a while, without loss', async (test) => {
    const second = site.providers[1]!.name;
    assert.equal(await carrier(), second, 'it stays where the outage took it');
    const probes = startProbes(hostIn('h1'), hostIn('h2'));
    await probes.arriving();
    await until('the context is back', async () => (await carrier()) === first!.name);
    const waited = Date.now() - Date.parse((await uplink(first!.name)).since!);
    await delay(300);
    const { atFirst, atSecond } = await probes.stop();
    const late = atSecond.late.reduce((sum, count) => sum + count, 0);
    const { received, lost, overflowed, duplicates } = atSecond;
    test.diagnostic(
      `back ${waited} ms after the uplink; ${received} datagrams received meanwhile, ${lost} lost, ${late} late`,
    );
    assert.ok(waited >= REVERT_SECONDS * 1000, `${waited} ms`);
    assert.ok(received > 100);
    // What the receiving host had no room for the network did not lose.
    assert.ok(lost <= overflowed, `${lost} lost, ${overflowed} of them at the socket`);
    // What h1's program sent at once after a pause was under way at once, too.
    assert.ok(late <= LATE + Math.max(...atFirst.pauses), `${late} late`);
    assert.equal(duplicates, 0);
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

describe('uplinks without BFD', { skip }, () => {
  before(async () => {
    await up({ owned: true, boxes: false });
    configureProviders(site, (provider) => ({
      hysteresis: { 'up-after': 1 },
      liveness: {
        neighbour: { interval: 1 },
        ...(provider === first ? { probe: { targets: [CORE_ADDRESS], interval: 0.2 } } : {}),
      },
    }));
    await Promise.all([startBox(site), startBox(peer)]);
  });
  after(down);

  it('are known to work by answers of a target behind the provider', async () => {
    await sourceIs(first!.name, 'probe', 'up', 'up');
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 3)).received, 3);
  });

  it('are down when no target answers, though the router is there', async () => {
    const rules =
      'table ip6 cut-off { chain forward { type filter hook forward priority 0; policy drop; };};';
    await runIn(first!.name, ['nft', '-f', '-'], { input: rules });
    const row = await sourceIs(first!.name, 'probe', 'down', 'down');
    assert.equal(row.switches.at(-1)?.reason, 'probe: no target answered for 3 rounds');
    assert.equal((await ping(hostIn('h1'), hostIn('h2').cmula, 3)).received, 3);
    await runIn(first!.name, ['nft', 'delete', 'table', 'ip6', 'cut-off']);
    await sourceIs(first!.name, 'probe', 'up', 'up');
  });

  it('are down when the router does not answer neighbour solicitations any more', async () => {
    await silence(site, site.providers[1]!);
    const row = await sourceIs(site.providers[1]!.name, 'neighbour', 'down', 'down', 15_000);
    assert.equal(row.switches.at(-1)?.reason, 'neighbour: router does not answer');
    await endSilence(site.providers[1]!);
    await sourceIs(site.providers[1]!.name, 'neighbour', 'up', 'up', 15_000);
  });
});
