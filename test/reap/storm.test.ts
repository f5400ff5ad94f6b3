/** Many contexts at once: what one finds orders the others' exploration, and no failure makes a storm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Operational, TICK } from '../../control/reap/index.ts';
import { locatorOf, Pair, uses } from './pair.ts';

const TALKING_TICKS = 5;

/** All contexts send once in the first half second after the failure; when the last is well again, milliseconds later. */
function failAll(pair: Pair, passes: Pair['passes'], most = 300_000) {
  const contexts = pair.a.lastSent.length;
  pair.talks = (_, tick, slot) => tick % TALKING_TICKS === slot % TALKING_TICKS;
  pair.run(1_000);
  pair.passes = passes;
  const start = pair.now;
  let [busiest, before] = [0, pair.count];
  while (pair.now - start < most) {
    pair.run(TICK);
    busiest = Math.max(busiest, pair.count - before);
    before = pair.count;
    if (recovered(pair) === contexts) break;
  }
  return { took: pair.now - start, busiest, probes: pair.count };
}

function recovered(pair: Pair): number {
  let count = 0;
  for (let slot = 0; slot < pair.a.lastSent.length; slot++) {
    const well =
      pair.a.reap.state(slot) === Operational && pair.a.current[slot]!.source[5] !== locatorOf(1, 0)[5];
    if (well) count++;
  }
  return count;
}

test('10,000 contexts of one failed path do not each walk the list', () => {
  const alone = failAll(new Pair({ locators: [4, 4] }), (pair) => !uses(pair, 1, 0));
  const pair = new Pair({ contexts: 10_000, locators: [4, 4], forgetful: true });
  const { took, probes } = failAll(pair, (one) => !uses(one, 1, 0));
  assert.equal(recovered(pair), 10_000);
  assert.ok(alone.probes >= 4, `one alone: ${alone.probes} messages`);
  // Exploring, InboundOk, Operational are three; both ends may begin at once.
  assert.ok(probes / 10_000 < 5, `${probes / 10_000} messages a context`);
  assert.ok(took < 22_000, `${took} ms`);
});

test('100,000 failing contexts keep to the budget of packets a second', () => {
  const settings = { packetsPerSecond: 2_000, sendTimeout: 5 };
  const pair = new Pair({ contexts: 100_000, forgetful: true, settings });
  const { busiest } = failAll(pair, (one) => !uses(one, 1, 0), 10_000);
  // Two ends, each with its budget.
  assert.ok(busiest <= (2 * settings.packetsPerSecond * TICK) / 1000, `${busiest} packets in ${TICK} ms`);
  assert.ok(pair.a.reap.counters['reap-deferred'] > 90_000);
  assert.ok(recovered(pair) > 2_000, `${recovered(pair)} of them have found their way by now`);
});

test('10,000 failing contexts with a budget of 1,000 packets a second all recover', () => {
  const pair = new Pair({ contexts: 10_000, forgetful: true, settings: { packetsPerSecond: 1_000 } });
  const { took, probes } = failAll(pair, (one) => !uses(one, 1, 0));
  assert.equal(recovered(pair), 10_000);
  assert.ok(took < 60_000, `${took} ms, ${probes} messages`);
});

test('2,000 contexts without any way: what is sent falls to one packet a context and minute', () => {
  const pair = new Pair({ contexts: 2_000, forgetful: true, settings: { packetsPerSecond: 200 } });
  pair.talks = (from, tick, slot) =>
    from === 'a' && tick < 20 && tick % TALKING_TICKS === slot % TALKING_TICKS;
  pair.passes = () => false;
  pair.run(300_000);
  const before = pair.count;
  pair.run(60_000);
  assert.ok(pair.count - before <= 1.3 * 2_000, `${pair.count - before} in a minute`);
});

test('Keepalives come before Probes when the budget is short', () => {
  const pair = new Pair({ contexts: 400, settings: { packetsPerSecond: 60 }, forgetful: true });
  // Of the first half what b sends is lost; of the second b only listens, and owes Keepalives.
  const failing = (slot: number) => slot < 200;
  pair.talks = (from, tick, slot) => (failing(slot) ? from === 'b' : from === 'a' && tick % 10 === 0);
  pair.passes = ({ source }, from) => from === 'a' || !failing(new DataView(source.buffer).getUint32(12) - 1);
  pair.run(60_000);
  const { counters } = pair.b.reap;
  assert.ok(counters['probes-sent'] > 0);
  assert.ok(counters['keepalives-sent'] >= 200 * 3);
  assert.ok(pair.count <= 2 * 60 * 61);
  for (let slot = 200; slot < 400; slot++) assert.equal(pair.a.reap.state(slot), Operational);
});

test('what was found is forgotten after a while, and never grows beyond its bound', async () => {
  const { PathMemory } = await import('../../control/reap/path-memory.ts');
  const memory = new PathMemory(60_000);
  const pair = { source: locatorOf(1, 0), destination: locatorOf(2, 0) };
  memory.note(0, pair, 'dead');
  assert.equal(memory.verdict(59_999, pair), 'dead');
  assert.equal(memory.knowsDead(59_999), true);
  assert.equal(memory.verdict(60_000, pair), 'unknown');
  assert.equal(memory.knowsDead(60_000), false);
  memory.note(60_000, pair, 'alive');
  assert.equal(
    memory.verdict(60_001, { ...pair, source: locatorOf(1, 0, 77) }),
    'alive',
    'of the prefix, not the host',
  );
  for (let index = 0; index < 10_000; index++) {
    const source = locatorOf(1, 0);
    source.set([index >> 8, index & 0xff], 4);
    memory.note(0, { ...pair, source }, 'dead');
  }
  assert.ok(memory.size <= 4_096);
});
