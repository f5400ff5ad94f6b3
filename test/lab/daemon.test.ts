/** The daemon's life on a router: stopping, leaving the data path, coming back, and peers that do not answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { boxCommand, boxProcess, boxStatus, contextBetween, startBox } from './box.ts';
import { layInsideCable, layProviderCable, removeCable } from './cable.ts';
import { CommandError, run, runIn, until } from './command.ts';
import { configureHost } from './dhcp-client.ts';
import { down, fail, heal, up, uplinkReaches } from './lab.ts';
import { ping } from './measure.ts';
import { isAlive, stop } from './process.ts';
import { hostIn, readState } from './state.ts';
import { NAMESPACE_PREFIX, SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, peer] = SITES;

/** Interfaces of the box that run an XDP program. */
async function interfacesWithXdp(): Promise<string[]> {
  const { stdout } = await runIn(site.box, ['ip', '-j', 'link']);
  const links: readonly { ifname: string; xdp?: unknown }[] = JSON.parse(stdout);
  return links.flatMap((link) => (link.xdp === undefined ? [] : [link.ifname])).sort();
}

const routes = async () =>
  (await runIn(site.box, ['ip', '-6', 'route', 'show', 'proto', '140'])).stdout.trim();
/** The rules of the priorities that README.md names. */
const rules = async () => (await runIn(site.box, ['ip', '-6', 'rule'])).stdout.match(/^50[012]:.*$/gm) ?? [];
const links = async () => (await runIn(site.box, ['ip', '-br', 'link'])).stdout;

describe('the daemon', { skip }, () => {
  before(() => up({ owned: true }));
  after(down);

  it('refuses to run twice in a network namespace, and harms nothing by trying', async () => {
    const second = runIn(site.box, boxCommand(site));
    await assert.rejects(
      second,
      (error) => error instanceof CommandError && /another pshim6 runs/.test(error.message),
    );
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 3)).received, 3);
  });

  it('leaves no program, rule, route or interface when it ends', async () => {
    assert.deepEqual(await interfacesWithXdp(), ['lan', 'p6-inside', 'p6-outside', 'x1', 'y1']);
    assert.equal((await rules()).length, 3);
    assert.notEqual(await routes(), '');
    await stop([boxProcess(site)!]);
    assert.deepEqual(await interfacesWithXdp(), []);
    assert.deepEqual([await rules(), await routes()], [[], '']);
    assert.doesNotMatch(await links(), /p6-/);
  });

  it('leaves the data path running with --keep-datapath: established traffic needs no controller', async () => {
    await startBox(site, '--keep-datapath');
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 3)).received, 3);
    await stop([boxProcess(site)!]);
    assert.deepEqual(await interfacesWithXdp(), ['lan', 'x1', 'y1']);
    assert.equal((await ping(hostIn('h1'), hostIn('h2').cmula, 10)).received, 10);
  });

  it('takes over what an earlier run left, and makes contexts anew with peers that still have theirs', async () => {
    await startBox(site);
    assert.deepEqual(await interfacesWithXdp(), ['lan', 'p6-inside', 'p6-outside', 'x1', 'y1']);
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 5)).received, 5);
    const [here, there] = [hostIn('h1'), hostIn('h2')];
    const [ours, theirs] = [await contextBetween(here, there), await contextBetween(there, here)];
    assert.equal(ours?.localTag, theirs?.peerTag);
    assert.equal(ours?.peerTag, theirs?.localTag);
  });

  it('recovers a lost context when the peer sends, and delivers the packet that told of the loss', async () => {
    const [here, there] = [hostIn('h1'), hostIn('h2')];
    process.kill(boxProcess(site)!.pid, 'SIGKILL');
    await until('the daemon is gone', async () => !isAlive(boxProcess(site)!));
    await startBox(site);
    assert.equal(await contextBetween(here, there), undefined);
    // Its own box knows no locators of the peer: only R1bis and I2bis can bring the context back.
    const { sent, received } = await ping(there, here.cmula, 5);
    assert.equal(received, sent);
    assert.equal((await contextBetween(here, there))?.state, 'ESTABLISHED');
  });

  it('goes on with interfaces that were deleted and made anew: a provider’s, the hosts’', async () => {
    const [first, second] = site.providers;
    const [here, there] = [hostIn('h1'), hostIn('h2')];
    const reattached = async () => (await boxStatus(site)).counters['interfacesReattached'];
    const both = async () => {
      for (const [host, other] of [
        [here, there],
        [there, here],
      ] as const)
        assert.equal((await ping(host, other.cmula, 3)).received, 3);
    };
    await removeCable(site, first!.name);
    await uplinkReaches(first!.name, 'down');
    await both();
    await layProviderCable(site, first!);
    await uplinkReaches(first!.name, 'up');
    assert.deepEqual(await interfacesWithXdp(), ['lan', 'p6-inside', 'p6-outside', 'x1', 'y1']);
    await fail(second!.name);
    await uplinkReaches(second!.name, 'down');
    await both();
    assert.equal(await reattached(), 1);
    await heal(second!.name);

    await removeCable(site, 'lan');
    await layInsideCable(site);
    await until('the hosts’ interface has its program', async () => (await reattached()) === 2);
    await both();
    // A host that comes now hears of its address and its router.
    const other = hostIn('h1b');
    await stop(readState()!.processes.filter(({ name }) => name === `dhclient-${other.namespace}`));
    for (const state of ['down', 'up'])
      await runIn(other.namespace, ['ip', 'link', 'set', 'dev', 'eth0', state]);
    await configureHost(other);
  });

  it('tells a host that its peer cannot be reached when the handshake comes to nothing', async () => {
    await stop([boxProcess(peer)!]);
    // The name must be asked for: it gives the locators. What waits is given up after 15 seconds.
    const words = ['ping', '-6', '-n', '-c', '1', '-W', '20', 'h2.foo.com'];
    const { stdout } = await run([
      'sh',
      '-c',
      `ip netns exec ${NAMESPACE_PREFIX}h1b ${words.join(' ')} || true`,
    ]);
    assert.match(stdout, new RegExp(`From ${site.router}.*Destination unreachable: Address unreachable`));
  });
});
