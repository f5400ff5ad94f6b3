/** What only BGP knows: a route withdrawn moves the contexts it concerns, all routes withdrawn take the uplink down. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  bgpLiveness,
  bgpRoutesReach,
  boxInstance,
  breakMiddle,
  mendMiddle,
  sessionWithSite,
  setAnnouncing,
  startBgp,
} from './bgp.ts';
import { contextBetween, startBox, uplinks } from './box.ts';
import { delay, until } from './command.ts';
import { configureProviders } from './configuration.ts';
import { frrProcess } from './frr.ts';
import { down, up } from './lab.ts';
import { ping, startProbes } from './measure.ts';
import { hostIn } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, peer] = SITES;
const [first] = site.providers;
const [theirs] = peer.providers;

const uplinkIs = (name: string, state: 'up' | 'down', routes: string) =>
  until(`${name} is ${state}, routes ${routes}`, async () => {
    const row = (await uplinks(site)).find((candidate) => candidate.name === name)!;
    const said = row.sources.find(({ source }) => source === 'routes')?.state;
    return row.state === state && said === routes && row;
  });

async function pathOf(here: string, there: string) {
  const context = await contextBetween(hostIn(here), hostIn(there));
  return context?.paths[context.active ?? 0];
}

describe('uplinks watched by their routes', { skip }, () => {
  before(async () => {
    await up({ owned: true, boxes: false });
    await startBgp([site]);
    const keys = { hysteresis: { 'up-after': 1 }, revert: 2 };
    configureProviders(site, (provider) => ({ liveness: bgpLiveness(provider), ...keys }));
    await Promise.all([startBox(site), startBox(peer)]);
  });
  after(down);

  it('are up, by the route to the peer that they prefer', async () => {
    for (const { name } of site.providers) await uplinkIs(name, 'up', 'up');
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 3)).received, 3);
    // The handshake proved one of the peer's locators; a Probe finds the preferred one (RFC 5533 §7.2).
    await until('h1 uses the pair that is preferred at both ends', async () => {
      const path = await pathOf('h1', 'h2');
      return path?.uplink === first!.name && path.destination.startsWith(theirs!.prefix.slice(0, -4));
    });
  });

  it('are told by a site that announces nothing', async () => {
    for (const provider of site.providers)
      assert.deepEqual(await sessionWithSite(provider), { state: 'Established', prefixes: 0 });
  });

  it('a route withdrawn in the middle of the network moves the context to a pair that has one', async (test) => {
    const probes = startProbes(hostIn('h1'), hostIn('h2'));
    await delay(500);
    probes.mark();
    await breakMiddle(first!.name, theirs!.name);
    await until('h1 has left the pair', async () => {
      const path = await pathOf('h1', 'h2');
      return (
        path !== undefined && !(path.uplink === first!.name && path.destination.startsWith('2001:db8:21:'))
      );
    });
    await delay(300);
    const { atSecond } = await probes.stop();
    test.diagnostic(`a gap of ${atSecond.longestGaps[1]!.toFixed(0)} ms toward h2`);
    assert.equal((await uplinkIs(first!.name, 'up', 'up')).name, first!.name);
    assert.equal((await ping(hostIn('h1'), hostIn('h2').cmula, 3)).received, 3);
  });

  it('and the route announced again gives the pair back', async () => {
    await mendMiddle(first!.name, theirs!.name);
    await until('h1 is back on the pair', async () => {
      const path = await pathOf('h1', 'h2');
      return path?.uplink === first!.name && path.destination.startsWith('2001:db8:21:');
    });
    assert.equal((await ping(hostIn('h1'), hostIn('h2').cmula, 3)).received, 3);
  });

  it('all routes withdrawn take the uplink down', async () => {
    await setAnnouncing(first!, false);
    const row = await uplinkIs(first!.name, 'down', 'down');
    assert.equal(row.switches.at(-1)?.reason, 'routes: all routes are withdrawn');
    assert.equal((await ping(hostIn('h1'), hostIn('h2').cmula, 3)).received, 3);
    await setAnnouncing(first!, true);
    await uplinkIs(first!.name, 'up', 'up');
  });

  it('bgpd killed for all providers at once is no failure of theirs', async () => {
    const before = (await uplinks(site)).map(({ switches }) => switches);
    // zebra takes the routes of a bgpd that dies out of the kernel.
    for (const provider of site.providers)
      process.kill(frrProcess(boxInstance(site, provider), 'bgpd').pid, 'SIGKILL');
    for (const provider of site.providers) await bgpRoutesReach(site, provider, 0);
    await delay(300);
    const rows = await uplinks(site);
    assert.deepEqual(
      rows.map(({ state }) => state),
      ['up', 'up'],
    );
    const switches = rows.flatMap(({ switches }) => switches).length - before.flat().length;
    assert.ok(switches <= 2, `${switches} switches`);
    assert.equal((await ping(hostIn('h1'), hostIn('h2').cmula, 3)).received, 3);
  });
});
