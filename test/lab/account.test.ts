/** The box tells what happened: contexts show, events --follow, outages; by the command line that people use. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { ContextDetailReport } from '../../control/api/protocol.ts';
import type { BoxEvent } from '../../control/observe/account/events.ts';
import type { OutageReport } from '../../control/observe/account/outage-book.ts';
import { boxProcess, editConfiguration, socketOf, startBox } from './box.ts';
import { CommandError, run, until } from './command.ts';
import { configureProviders } from './configuration.ts';
import { down, fail, heal, up, uplinkReaches } from './lab.ts';
import { ping } from './measure.ts';
import { CLI, inState } from './paths.ts';
import { stop } from './process.ts';
import { hostIn } from './state.ts';
import { SITES, type Site } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site1, site2] = SITES;

const argv = (site: Site, ...words: readonly string[]) => [
  process.execPath,
  CLI,
  '--socket',
  socketOf(site),
  ...words,
];
const pshim6 = async (site: Site, ...words: readonly string[]) => (await run(argv(site, ...words))).stdout;
const json = async (site: Site, ...words: readonly string[]) =>
  JSON.parse(await pshim6(site, ...words, '--json'));
const outagesOf = (site: Site) => json(site, 'outages') as Promise<readonly OutageReport[]>;

/** By which uplink, and by which then. */
const waysOf = (switches: ContextDetailReport['switches']): string[] =>
  switches.map(({ from, to }) => `${from?.uplink} ${to?.uplink}`);

/** Whether somebody is connected to the box's control socket. */
function isFollowed(site: Site): boolean {
  // The box's end of a connection, state 03, has its name, and belongs to the network namespace of who connected.
  const sockets = readFileSync('/proc/self/net/unix', 'utf8').split('\n');
  return sockets.some((line) => / 03 +\d+ /.test(line) && line.endsWith(` ${socketOf(site)}`));
}

/** `pshim6 events --follow --contexts --json` in a process of its own. */
function followEvents(site: Site) {
  const [command, ...words] = argv(site, 'events', '--follow', '--contexts', '--json');
  const child = spawn(command!, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    events: () =>
      output
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as BoxEvent),
    end: () => child.kill(),
  };
}

describe('the account of a provider failure', { skip }, () => {
  let followed: ReturnType<typeof followEvents> | undefined;
  /** Switches before the failure. */
  let earlier = 0;
  const h1 = () => hostIn('h1');
  const h2 = () => hostIn('h2');
  const show = async (site: Site) =>
    ((await json(site, 'contexts', 'show', h1().cmula, h2().cmula)) as readonly ContextDetailReport[])[0]!;

  before(async () => {
    await up({ owned: true, boxes: false });
    editConfiguration(site1, (configuration) => {
      configuration['outages'] = { file: inState('outages') };
    });
    for (const site of SITES) configureProviders(site, () => ({ revert: 1, hysteresis: { 'up-after': 1 } }));
    await Promise.all(SITES.map((site) => startBox(site)));
    followed = followEvents(site1);
    await until('events are followed', async () => isFollowed(site1));
    await ping(h1(), h2().name, 2);
  });
  after(async () => {
    followed?.end();
    await down();
  });

  it('before: the preferred pair, since the context stands or the peer was found there', async () => {
    const { inUse, switches, localLocators, peerLocators, establishedAt } = await until(
      'the peer is found at both of its locators',
      async () => {
        const report = await show(site1);
        return report.peerLocators.every(({ found }) => found) && report;
      },
    );
    assert.equal(inUse?.uplink, 'x1');
    assert.equal(inUse.destination, h2().locators[0]);
    assert.match(inUse.because, /^the preferred pair \(priority 1 here, 1 at the peer\)$/);
    // The name server tells them in any order, and the handshake takes the first that it tells.
    const [found] = switches;
    assert.equal(inUse.since, found?.at ?? establishedAt);
    if (found !== undefined) {
      assert.equal(found.from?.destination, h2().locators[1]);
      assert.equal(found.because, 'the peer was found at a locator that it prefers');
    }
    earlier = switches.length;
    assert.ok(earlier <= 1);
    assert.deepEqual(
      localLocators.map(({ address, uplink, usable, acknowledged }) => [
        address,
        uplink,
        usable,
        acknowledged,
      ]),
      h1().locators.map((locator, index) => [locator, ['x1', 'y1'][index], true, true]),
    );
    assert.deepEqual(
      peerLocators.map(({ address, method }) => [address, method]),
      h2().locators.map((locator) => [locator, 'CGA']),
    );
  });

  it('while it lasts: the other pair, why and since when, on both sides', async () => {
    await fail('x1');
    await uplinkReaches('x1', 'down');
    await ping(h1(), h2().cmula, 2);
    const { inUse, switches } = await show(site1);
    assert.equal(inUse?.uplink, 'y1');
    assert.match(inUse.because, /^x1 is down \(carrier: /);
    const [left, ...stayed] = waysOf(switches.slice(earlier));
    assert.equal(left, 'x1 y1');
    // It may have taken another locator of the peer since, still by y1.
    for (const way of stayed) assert.equal(way, 'y1 y1');
    assert.equal(inUse.since, switches.at(-1)!.at);

    const peer = await until('the peer has switched', async () => {
      const report = await show(site2);
      return report.inUse?.destination === h1().locators[1] && report;
    });
    assert.match(peer.switches.at(-1)!.because, /the peer says that its locator is broken/);
    assert.match(peer.inUse!.because, new RegExp(`the peer says that ${h1().locators[0]} is broken`));
  });

  it('an outage is under way at both boxes, with the number of contexts', async () => {
    const outage = await until('counted', async () => {
      const [one] = await outagesOf(site1);
      return one?.contexts != null && one.phases.some(({ name }) => name === 'peers agreed') && one;
    });
    assert.equal(outage.subject, 'x1');
    assert.equal(outage.ended, null);
    assert.equal(outage.contexts, 1);
    const phases = Object.fromEntries(outage.phases.map((phase) => [phase.name, phase]));
    assert.ok(phases['data path switched']!.milliseconds < 50);
    assert.equal(phases['peers told']!.count, 1);
    assert.equal(phases['peers agreed']!.count, 1);
    const [theirs] = await outagesOf(site2);
    assert.deepEqual([theirs?.what, theirs?.subject, theirs?.contexts], ['peer', '2001:db8:11::/48', 1]);
    assert.match(
      await pshim6(site1, 'outages'),
      /outage 1: uplink x1: carrier: .*\n.*it lasts; 1 contexts\n/,
    );
  });

  it('when it is over: the preferred pair again, and the outage has ended, on both sides', async () => {
    await heal('x1');
    await uplinkReaches('x1', 'up');
    assert.notEqual((await outagesOf(site1))[0]!.ended, null);
    const staying = (await show(site1)).inUse;
    if (staying?.uplink === 'y1') assert.match(staying.because, /it goes back once x1 has been up for 1 s$/);
    const { switches } = await until('the context has gone back', async () => {
      const report = await show(site1);
      return report.inUse?.uplink === 'x1' && report;
    });
    const ways = waysOf(switches.slice(earlier));
    assert.deepEqual([ways[0], ways.at(-1)], ['x1 y1', 'y1 x1']);
    assert.ok(
      ways.slice(1, -1).every((way) => way === 'y1 y1'),
      ways.join(),
    );
    assert.equal(switches.at(-1)!.because, 'the preferred provider has been stable');
    await until("the peer's has ended", async () => (await outagesOf(site2))[0]?.ended);
  });

  it('events told it as it happened', async () => {
    await ping(hostIn('h1b'), h2().name, 1);
    const events = await until('the last event has come', async () => {
      const all = followed!.events();
      const ended = all.some((event) => event.kind === 'outage' && event.phase === 'ended');
      return ended && all.at(-1)!.kind === 'established' && all;
    });
    const kinds = events.map((event) =>
      event.kind === 'uplink' ? `${event.uplink} ${event.state}` : event.kind,
    );
    const told = ['x1 down', 'outage', 'x1 up', 'switched'].map((kind) =>
      kind === 'switched' ? kinds.lastIndexOf(kind) : kinds.indexOf(kind),
    );
    assert.ok(
      told.every((index, place) => index > (told[place - 1] ?? -1)),
      kinds.join(),
    );
    assert.match(await pshim6(site1, 'events'), /uplink x1 is down: carrier: .*\n/);
    assert.match(
      await pshim6(site2, 'events'),
      new RegExp(`${h1().locators[0]} by x2 -> .*its locator is broken`),
    );
  });

  it('a restart keeps the outage; numbers go on', async () => {
    await stop([boxProcess(site1)!]);
    await startBox(site1);
    const [outage] = await outagesOf(site1);
    assert.equal(outage?.number, 1);
    await fail('y1');
    await uplinkReaches('y1', 'down');
    assert.deepEqual(
      (await outagesOf(site1)).map(({ number, subject }) => [number, subject]),
      [
        [1, 'x1'],
        [2, 'y1'],
      ],
    );
  });

  it('a mistake is answered with what would be right', async () => {
    const refused = (...words: readonly string[]) =>
      pshim6(site1, 'contexts', 'show', ...words).then(assert.fail, (error: unknown) => {
        assert.ok(error instanceof CommandError && error.status === 1);
        return error.stderr;
      });
    assert.match(
      await refused('h1.bar.com', 'fc00::1'),
      /no context between .* and fc00::1; pshim6 contexts/,
    );
    assert.match(await refused('h9.bar.com', 'fc00::1'), /"h9.bar.com" is not an IPv6 address, nor the name/);
  });
});
