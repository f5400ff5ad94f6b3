/** Providers reached by tunnels to exit routers: real transfers, real ingress filters, one of the providers fails. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ContextDetailReport } from '../../control/api/protocol.ts';
import { boxStatus, contextBetween, uplinks } from './box.ts';
import { runIn, until } from './command.ts';
import { kernelHasTunnels, ownAddress, raiseFarExitRouter } from './exit-routers/raise.ts';
import { down, fail, heal, uplinkReaches } from './lab.ts';
import { download, ping } from './measure.ts';
import { inspectProvider } from './network.ts';
import { NEW_PROVIDER } from './new-provider.ts';
import { pshim6 } from './publishing.ts';
import { raiseFor } from './scenarios/lab.ts';
import { SCENARIOS } from './scenarios/list.ts';
import { runScenario } from './scenarios/run.ts';
import { payloadDigest } from './services.ts';
import { hostIn } from './state.ts';
import { payloadAt } from './steps.ts';
import { BACKBONE, CORE_ADDRESS, EXIT_ROUTERS, SITES, WEB_SERVER } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site] = SITES;
const [x1, y1] = site.providers;
const scenario = SCENARIOS.find(({ name }) => name === 'exit-router')!;

describe('providers behind exit routers', { skip }, () => {
  before(() => raiseFor(scenario.setting));
  after(down);

  it('are reached by tunnels, whose MTU is less by the outer header', async (test) => {
    test.diagnostic(
      (await kernelHasTunnels()) ? "exit routers: the kernel's ip6tnl" : 'exit routers: exit.bpf.c',
    );
    for (const row of await uplinks(site)) {
      assert.equal(row.state, 'up');
      assert.equal(row.mtu, 1500 - 40);
      assert.match(row.tunnel ?? '', /^fd00:db8:1:b::e[12]$/);
    }
  });

  it('carry packets of every size', async () => {
    for (const size of [8, 1232, 1404, 1405, 2000]) {
      // The way there and the way back each may have to be found too narrow first, by a busy machine.
      const words = ['-6', '-n', '-i', '0.5', '-W', '5', '-c', '5', '-s', String(size), 'h2.foo.com'];
      const { stdout } = await runIn('h1', ['ping', ...words]);
      assert.match(stdout, / [345] received/, `${size} octets: ${stdout}`);
    }
  });

  it('carry the errors of the box to peers, from an address of the provider', async () => {
    // The box is the last router of all before the host.
    const { stdout } = await runIn('h2', ['traceroute', '-6', '-n', '-q', '1', '-w', '2', 'h1.bar.com']);
    const hops = [...stdout.matchAll(/^ *\d+ +([0-9a-f:]+)/gm)].map(([, address]) => address);
    assert.equal(hops.at(-2), ownAddress(x1!), stdout);
    assert.equal(hops.at(-1), hostIn('h1').cmula, stdout);
  });

  it('carry what goes to peers without SHIM6', async () => {
    const { stdout } = await runIn('h1', ['curl', '-sS', '-m', '10', `http://[${WEB_SERVER.address}]/`]);
    assert.notEqual(stdout, '');
    assert.ok((await boxStatus(site)).counters['natOutbound'] !== 0);
  });

  it('take back what the box says of packets that came by them: out of hops, too big for the hosts’ link', async () => {
    const host = hostIn('h1b').name;
    const setInsideMtu = (mtu: number) =>
      runIn(site.box, ['ip', 'link', 'set', 'dev', 'lan', 'mtu', String(mtu)]);
    await ping(hostIn('h2'), host, 1);
    // A context begins where the name server's first locator is, until the peer is found at the one it prefers.
    await until('h2 reaches h1b by its first provider', async () => {
      const context = await contextBetween(hostIn('h2'), hostIn('h1b'));
      return context?.paths[context.active!]?.destination.startsWith(x1!.prefix.replace('::/48', ':'));
    });
    const path = () => runIn('h2', ['tracepath', '-6', '-n', '-m', '12', host]);
    const own = x1!.prefix.replace('::/48', ':fffe::1');
    // What is too long for the tunnel gets no farther than its router: find out how much is not.
    await path();
    assert.match((await path()).stdout, new RegExp(`: +${own} `));
    await setInsideMtu(1350);
    try {
      assert.match((await path()).stdout, new RegExp(`: +${own} .*pmtu 1350`));
    } finally {
      await setInsideMtu(1500);
    }
  });

  it(scenario.title, async (test) => {
    const { toH1, toH2, sshMilliseconds } = await runScenario(scenario).finally(async () => {
      for (const { name, switches } of await uplinks(site))
        for (const { state, at, reason } of switches) test.diagnostic(`${at} ${name} ${state}: ${reason}`);
    });
    const gaps = [toH2, toH1].map(({ failing, mending }) => `${failing.toFixed(1)}, ${mending.toFixed(1)}`);
    test.diagnostic(
      `gaps failing, mending: to h2 ${gaps[0]} ms, to h1 ${gaps[1]} ms; ssh ${sshMilliseconds.toFixed(0)} ms`,
    );
  });

  describe('one more, added to the running box', () => {
    const { name, prefix } = NEW_PROVIDER;
    /** Of the link behind the router between box and exit router. */
    const MTU = 1400;
    const row = async () => (await uplinks(site)).find((uplink) => uplink.name === name)!;

    it('is told to the peer, and carries what the others cannot any more', async () => {
      const { local, remote, gateway } = await raiseFarExitRouter(MTU);
      const tunnel = ['--tunnel-local', local, '--tunnel-remote', remote];
      const way = ['--interface', BACKBONE, '--prefix', prefix, '--gateway', gateway, '--priority', '3'];
      await pshim6(site, 'provider', 'add', name, ...way, ...tunnel);
      await until(`${name} is up`, async () => (await row()).state === 'up');
      assert.deepEqual([(await row()).tunnel, (await row()).mtu], [remote, 1500 - 40]);
      const [host, peer] = [hostIn('h1'), hostIn('h2')];
      await until('the peer knows its locator', async () => {
        const words = ['contexts', 'show', host.cmula, peer.cmula, '--json'];
        const [context] = JSON.parse(await pshim6(site, ...words)) as readonly ContextDetailReport[];
        return context?.localLocators.some(({ uplink, acknowledged }) => uplink === name && acknowledged);
      });
      for (const provider of [x1!, y1!]) await fail(provider.name);
      for (const provider of [x1!, y1!]) await uplinkReaches(provider.name, 'down');
      for (const [from, to] of [
        [host, peer],
        [peer, host],
      ] as const)
        await until(
          `${from.name} reaches ${to.name}`,
          async () => (await ping(from, to.cmula, 3)).received === 3,
        );
      const context = await contextBetween(host, peer);
      assert.equal(context?.paths[context.active!]?.uplink, name);
    });

    it('is held to what a router on the way to the exit router takes (RFC 2473 §7.1), and hosts hear of it', async () => {
      // The router tells the box by the first packet, the box the host by the second; an answer goes the same way.
      const words = ['-6', '-n', '-i', '0.5', '-W', '5', '-c', '8', '-s', '1404', 'h2.foo.com'];
      const { stdout } = await runIn('h1', ['ping', ...words]);
      assert.match(stdout, / [4-8] received/, stdout);
      assert.equal((await row()).mtu, MTU - 40);
      const { sha256 } = await download(hostIn('h1'), payloadAt(hostIn('h2')));
      assert.equal(sha256, payloadDigest());
      const back = await download(hostIn('h2'), payloadAt(hostIn('h1')));
      assert.equal(back.sha256, payloadDigest());
    });

    after(() => Promise.all([x1!, y1!].map(({ name: failed }) => heal(failed))));
  });

  it('were never sent a packet with a source of the other', async () => {
    for (const provider of [x1!, y1!]) {
      const { notDelegated, uniqueLocal } = await inspectProvider(provider.name);
      assert.deepEqual([provider.name, notDelegated, uniqueLocal], [provider.name, 0, 0]);
    }
    // They would have noticed.
    const source = y1!.prefix.replace('::/48', '::bad');
    await runIn(EXIT_ROUTERS[0]!, ['ip', 'addr', 'add', `${source}/128`, 'dev', 'lo', 'nodad']);
    await runIn(EXIT_ROUTERS[0]!, ['ping', '-c', '1', '-W', '1', '-I', source, CORE_ADDRESS]).catch(() => {});
    assert.equal((await inspectProvider(x1!.name)).notDelegated, 1);
  });
});
