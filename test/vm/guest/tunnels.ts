/**
 * Runs in the guest: providers behind exit routers, on a kernel that has IPv6-in-IPv6 tunnels, of which the machine's own
 * need have none. The exit routers' ends are the kernel's; one of the providers fails.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { contextBetween, startBox, uplinks } from '../../lab/box.ts';
import { together } from '../../lab/command.ts';
import { configureTunnels, kernelHasTunnels, raiseExitRouters } from '../../lab/exit-routers/raise.ts';
import { down, fail, uplinkReaches } from '../../lab/lab.ts';
import { inspectProvider } from '../../lab/network.ts';
import { hostIn, type LabHost } from '../../lab/state.ts';
import { SITES } from '../../lab/topology.ts';
import { ping, raise, serveFile, transfer } from './bare-lab.ts';

const [site] = SITES;
const [first, second] = site.providers;
/** Seconds between probes of a provider: what is emulated answers late. */
const PROBE_INTERVAL = 2;

describe('providers behind exit routers that are Linux', () => {
  let [client, server]: LabHost[] = [];
  before(async () => {
    await raise({ boxes: false }, async () => {
      await raiseExitRouters();
      configureTunnels({}, PROBE_INTERVAL);
      await together(SITES.map((each) => startBox(each)));
    });
    [client, server] = [hostIn('h1'), hostIn('h2')];
    await serveFile([client, server]);
  });
  after(down);

  it('are reached by tunnels of the kernel', async () => {
    assert.equal(await kernelHasTunnels(), true);
    for (const { state, tunnel } of await uplinks(site)) {
      assert.equal(state, 'up');
      assert.match(tunnel ?? '', /^fd00:db8:1:b::e[12]$/);
    }
  });

  it('carry packets of every size, both ways', async () => {
    assert.equal(await ping(client!, server!.name, 5), 5);
    // The way there and the way back each may have to be found too narrow first.
    for (const size of [1232, 1404, 2000])
      for (const [from, to] of [
        [client!, server!],
        [server!, client!],
      ] as const)
        assert.ok((await ping(from, to.cmula, 5, size)) >= 3, `${size} octets from ${from.name}`);
  });

  it('carry TCP both ways', async () => {
    await transfer(client!, server!);
    await transfer(server!, client!);
  });

  it('are left when they fail behind the exit router', async () => {
    await fail(first!.name);
    await uplinkReaches(first!.name, 'down');
    assert.equal(await ping(client!, server!.cmula, 5), 5);
    const context = await contextBetween(client!, server!);
    assert.equal(context?.paths[context.active!]?.uplink, second!.name);
    await transfer(server!, client!);
  });

  it('were never sent a packet with a source of the other', async () => {
    for (const { name } of [first!, second!]) {
      const { notDelegated, uniqueLocal } = await inspectProvider(name);
      assert.deepEqual([name, notDelegated, uniqueLocal], [name, 0, 0]);
    }
  });
});
