/** Failures that no link, neighbour or route tells of: REAP finds another pair, RFC 5534. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { askDaemon } from '../../control/api/client.ts';
import type { ContextDetailReport } from '../../control/api/protocol.ts';
import type { OutageReport } from '../../control/observe/account/outage-book.ts';
import { DEFAULT_SETTINGS } from '../../control/shim6/settings.ts';
import { blackhole, endBlackhole, measureBlackhole, startReapingBoxes, uplinkInUse } from './blackhole.ts';
import { boxStatus, contextBetween, socketOf } from './box.ts';
import { Captures } from './capture.ts';
import { runIn, until } from './command.ts';
import { down, up } from './lab.ts';
import { ping } from './measure.ts';
import { hostIn } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const SEND_TIMEOUT = 3;
const PROBE = 67;

const here = () => hostIn('h1');
const there = () => hostIn('h2');

describe('REAP between two boxes', { skip }, () => {
  let captures: Captures;

  before(async () => {
    await up({ owned: true, boxes: false });
    await startReapingBoxes(SEND_TIMEOUT);
    captures = await Captures.start();
  });
  after(down);

  it('a provider that forwards nothing, either way, is left within Send Timeout + 1.5 s', async (context) => {
    const provider = await uplinkInUse(here(), there());
    const { inbound, outbound } = await measureBlackhole(provider, 'both');
    context.diagnostic(`both ways: gap ${inbound.toFixed(0)} ms in, ${outbound.toFixed(0)} ms out`);
    const most = 1000 * SEND_TIMEOUT + 1_500;
    assert.ok(inbound > 1000 * SEND_TIMEOUT - 500, 'it was the provider in use');
    assert.ok(inbound <= most && outbound <= most, `${inbound} and ${outbound} ms`);
    assert.notEqual(await uplinkInUse(here(), there()), provider);
  });

  it('the account tells of it: the switch and why, the Probes, and the outage of the path', async () => {
    const [site] = SITES;
    const args = { local: here().cmula, peer: there().cmula };
    const [context] = (await askDaemon(socketOf(site), 'context', args)) as readonly ContextDetailReport[];
    const { inUse, switches, reachability, peerLocators } = context!;
    assert.deepEqual(
      peerLocators.map(({ found }) => found),
      [true, true],
      'the peer was found at both of its locators',
    );
    const last = switches.at(-1)!;
    assert.equal(last.because, 'REAP found that it works');
    assert.equal(last.to?.uplink, inUse?.uplink);
    assert.equal(inUse?.since, last.at);
    assert.equal(reachability?.state, 'Operational');
    assert.ok(reachability.explorations >= 1);
    assert.ok(reachability.probesSent >= 2 && reachability.probesReceived >= 1);
    const told = new Set(reachability.probes.map(({ direction }) => direction));
    assert.deepEqual([...told].sort(), ['received', 'sent']);
    const outages = (await askDaemon(socketOf(site), 'outages')) as readonly OutageReport[];
    const outage = outages.find(({ what }) => what === 'path');
    assert.deepEqual([outage?.contexts, outage?.ended === null], [1, false]);
    const phases = outage!.phases.map(({ name }) => name);
    assert.deepEqual(phases, ['noticed', 'works again']);
    const [noticed, again] = outage!.phases.map(({ milliseconds }) => milliseconds);
    assert.ok(noticed! >= 1000 * SEND_TIMEOUT - 500 && again! >= noticed!, `${noticed}, ${again}`);
  });

  it('one way only: that direction moves, the other goes on without a gap', async (context) => {
    const provider = await uplinkInUse(here(), there());
    const back = await uplinkInUse(there(), here());
    const { inbound, outbound } = await measureBlackhole(provider, 'out');
    context.diagnostic(`one way: gap ${inbound.toFixed(0)} ms in, ${outbound.toFixed(0)} ms out`);
    assert.ok(
      outbound > 1000 * SEND_TIMEOUT - 500 && outbound <= 1000 * SEND_TIMEOUT + 1_500,
      `${outbound} ms`,
    );
    assert.ok(inbound < 1_000, `${inbound} ms`);
    assert.notEqual(await uplinkInUse(here(), there()), provider);
    assert.equal(await uplinkInUse(there(), here()), back);
  });

  it('without a failure nothing is sent but Keepalives, and only while one end is silent', async () => {
    const [site] = SITES;
    const before = (await boxStatus(site)).counters;
    await ping(here(), there().name, 20);
    await wait(1_000 * SEND_TIMEOUT + 1_000);
    const after = (await boxStatus(site)).counters;
    const sent = (name: string) => after[name]! - before[name]!;
    assert.equal(sent('probes-sent') + sent('presence-probes-sent'), 0);
    assert.ok(sent('keepalives-sent') <= 3, `${sent('keepalives-sent')} Keepalives`);
  });

  it('tshark finds its Probes sound', async () => {
    await captures.stop();
    const probes = (await captures.controlMessages()).filter(({ type }) => type === PROBE);
    assert.ok(probes.length >= 6, `${probes.length}`);
    for (const { length, payloadLength, checksumGood } of probes) {
      assert.ok(checksumGood);
      assert.equal(length, payloadLength);
      assert.equal((length - 16) % 40, 0, 'whole reports');
    }
  });
});

describe('a way that one context has found dead', { skip }, () => {
  before(async () => {
    await up({ owned: true, boxes: false });
    await startReapingBoxes(SEND_TIMEOUT, 60);
  });
  after(down);

  it('is not where the next one begins: its first I1 gets through, and all its packets', async (context) => {
    const [, theirs] = SITES;
    const provider = theirs.providers[0]!.name;
    const talking = ping(here(), there().cmula, 80);
    await blackhole(provider, 'both');
    try {
      await until('the context has left the provider', async () => {
        const path = await contextBetween(here(), there());
        return path?.paths[path.active!]?.destination === there().locators[1];
      });
      await runIn('h1b', ['getent', 'ahostsv6', there().name]);
      const next = await until('the next context stands', async () => {
        const found = await contextBetween(hostIn('h1b'), there());
        return found?.state === 'ESTABLISHED' && found;
      });
      const { handshakeMilliseconds } = next;
      context.diagnostic(`its handshake took ${handshakeMilliseconds!.toFixed(0)} ms`);
      assert.ok(handshakeMilliseconds! < DEFAULT_SETTINGS.I1_TIMEOUT, 'I1 was sent once');
      assert.equal((await ping(hostIn('h1b'), there().cmula, 5)).received, 5);
      const { paths, active } = (await contextBetween(hostIn('h1b'), there()))!;
      assert.equal(paths[active!]?.destination, there().locators[1]);
    } finally {
      await endBlackhole(provider);
      await talking;
    }
  });
});
