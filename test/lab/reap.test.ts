/** Failures that no link, neighbour or route tells of: REAP finds another pair, RFC 5534. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { blackhole, type Direction, endBlackhole } from './blackhole.ts';
import { boxStatus, contextBetween, editConfiguration, startBox } from './box.ts';
import { Captures } from './capture.ts';
import { until } from './command.ts';
import { down, up } from './lab.ts';
import { ping, startProbes, startTransfer } from './measure.ts';
import { PAYLOAD, payloadDigest } from './services.ts';
import { hostIn } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const SEND_TIMEOUT = 3;
const PROBE = 67;

const here = () => hostIn('h1');
const there = () => hostIn('h2');

async function uplinkInUse(local = here(), peer = there()): Promise<string> {
  const context = await contextBetween(local, peer);
  assert.ok(context !== undefined && context.active !== null);
  return context.paths[context.active]!.uplink;
}

/** A transfer and a stream of datagrams each way while a provider forwards no more: the gap in each direction, ms. */
async function gaps(provider: string, direction: Direction) {
  const probes = startProbes(here(), there());
  const transfer = startTransfer(here(), `http://${there().name}${PAYLOAD.path}`, 12_000_000);
  await until('a part has arrived', async () => transfer.received() > PAYLOAD.length / 10);
  probes.mark();
  await blackhole(provider, direction);
  try {
    const { sha256 } = await transfer.done;
    assert.equal(sha256, payloadDigest());
    const { atFirst, atSecond } = await probes.stop();
    return { inbound: atFirst.longestGaps[1]!, outbound: atSecond.longestGaps[1]! };
  } finally {
    await endBlackhole(provider);
  }
}

describe('REAP between two boxes', { skip }, () => {
  let captures: Captures;

  before(async () => {
    await up({ owned: true, boxes: false });
    for (const site of SITES) {
      editConfiguration(site, (configuration) => {
        configuration['reap'] = { 'send-timeout': SEND_TIMEOUT };
      });
    }
    await Promise.all(SITES.map((site) => startBox(site)));
    assert.equal((await ping(here(), there().name, 3)).received, 3);
    captures = await Captures.start();
  });
  after(down);

  it('a provider that forwards nothing, either way, is left within Send Timeout + 1.5 s', async (context) => {
    const provider = await uplinkInUse();
    const { inbound, outbound } = await gaps(provider, 'both');
    context.diagnostic(`both ways: gap ${inbound.toFixed(0)} ms in, ${outbound.toFixed(0)} ms out`);
    const most = 1000 * SEND_TIMEOUT + 1_500;
    assert.ok(inbound > 1000 * SEND_TIMEOUT - 500, 'it was the provider in use');
    assert.ok(inbound <= most && outbound <= most, `${inbound} and ${outbound} ms`);
    assert.notEqual(await uplinkInUse(), provider);
  });

  it('one way only: that direction moves, the other goes on without a gap', async (context) => {
    const provider = await uplinkInUse();
    const back = await uplinkInUse(there(), here());
    const { inbound, outbound } = await gaps(provider, 'out');
    context.diagnostic(`one way: gap ${inbound.toFixed(0)} ms in, ${outbound.toFixed(0)} ms out`);
    assert.ok(
      outbound > 1000 * SEND_TIMEOUT - 500 && outbound <= 1000 * SEND_TIMEOUT + 1_500,
      `${outbound} ms`,
    );
    assert.ok(inbound < 1_000, `${inbound} ms`);
    assert.notEqual(await uplinkInUse(), provider);
    assert.equal(await uplinkInUse(there(), here()), back);
  });

  it('without a failure nothing is sent but Keepalives, and only while one end is silent', async () => {
    const [site] = SITES;
    const before = (await boxStatus(site)).counters;
    await ping(here(), there().name, 20);
    await wait(1_000 * SEND_TIMEOUT + 1_000);
    const after = (await boxStatus(site)).counters;
    const sent = (name: string) => after[name]! - before[name]!;
    assert.equal(sent('probes-sent'), 0);
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
