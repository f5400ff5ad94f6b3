/** Forged and impossible messages with the right context tag, from locators of the peer: what an attacker on the path can do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Exploring,
  InboundOk,
  type LocatorPair,
  Operational,
  STATE_NAMES,
  type State,
} from '../../control/reap/index.ts';
import type { Keepalive, Probe, ProbeReport } from '../../control/wire/shim6/index.ts';
import { SeededRandom } from '../shim6/random.ts';
import { locatorOf, Pair, uses } from './pair.ts';

const PAIRS: readonly LocatorPair[] = [0, 1].flatMap((source) =>
  [0, 1].map((destination) => ({ source: locatorOf(2, source), destination: locatorOf(1, destination) })),
);
const random = new SeededRandom(7);
const number = () => Math.floor(random.number() * 2 ** 32);

const forged = (state: number, pair = PAIRS[0]!, received: readonly ProbeReport[] = []): Probe => ({
  type: 'Probe',
  receiverTag: { high: 0, low: 0 },
  state,
  sent: [{ ...pair, nonce: number(), data: 0 }],
  received,
  options: [],
});
const KEEPALIVE: Keepalive = { type: 'Keepalive', receiverTag: { high: 0, low: 0 }, options: [] };

/** Two ends that talk and have no reason to explore. */
function healthy(options: ConstructorParameters<typeof Pair>[0] = {}): Pair {
  const pair = new Pair(options);
  pair.talks = () => true;
  pair.run(2_000);
  return pair;
}

function assertUnmoved(pair: Pair): void {
  const switches = [pair.a, pair.b].flatMap(({ effects }) => effects.filter(({ kind }) => kind === 'switch'));
  assert.deepEqual(switches, []);
  assert.deepEqual(
    [pair.a, pair.b].map(({ reap }) => STATE_NAMES[reap.state(0)]),
    ['Operational', 'Operational'],
  );
}

describe('a healthy context stays where it is', () => {
  for (const state of [Operational, Exploring, InboundOk]) {
    test(`a forged Probe ${STATE_NAMES[state]}, by whatever pair`, () => {
      for (const one of PAIRS) {
        const pair = healthy();
        pair.inject('a', 0, forged(state, one), one);
        pair.run(2_000);
        assertUnmoved(pair);
        assert.ok(pair.count <= 3, pair.log.join(', '));
      }
    });
  }

  test('reports of probes that were never sent', () => {
    const pair = healthy();
    const reports = PAIRS.map(({ source, destination }) => ({
      source: destination,
      destination: source,
      nonce: number(),
      data: 0,
    }));
    pair.inject('a', 0, forged(InboundOk, PAIRS[3], reports), PAIRS[3]!);
    pair.run(2_000);
    assertUnmoved(pair);
    assert.equal(pair.a.reap.counters['probe-unknown-report'], reports.length);
  });

  test('the nonce of a probe with another pair', () => {
    const pair = healthy();
    pair.passes = () => false;
    pair.inject('a', 0, forged(Exploring), PAIRS[0]!);
    const own = pair.sent.find(({ message, from }) => message.type === 'Probe' && from === 'a')!
      .message as Probe;
    const elsewhere = { source: locatorOf(1, 1), destination: locatorOf(2, 1) };
    pair.inject('a', 0, forged(InboundOk, PAIRS[0], [{ ...own.sent[0]!, ...elsewhere }]), PAIRS[0]!);
    assert.equal(pair.a.reap.counters['probe-unknown-report'], 1);
    assert.equal(pair.a.reap.counters['pair-switches'], 0);
  });

  test('a state that is none, and addresses that are not the packet’s: ignored and counted', () => {
    const pair = healthy();
    pair.inject('a', 0, forged(3), PAIRS[0]!);
    pair.inject('a', 0, forged(Exploring, PAIRS[1]), PAIRS[0]!);
    pair.run(2_000);
    assert.equal(pair.count, 0);
    assert.equal(pair.a.reap.counters['probe-illegal-state'], 1);
    assert.equal(pair.a.reap.counters['probe-wrong-addresses'], 1);
    assert.equal(pair.a.reap.attended, 0, 'and leave nothing behind');
  });

  test('Keepalives change nothing but a timer', () => {
    const pair = healthy();
    for (let count = 0; count < 1_000; count++) pair.inject('a', 0, KEEPALIVE, PAIRS[count % 4]!);
    pair.run(2_000);
    assertUnmoved(pair);
    assert.equal(pair.count, 0);
  });

  test('messages for a context that has gone', () => {
    const pair = healthy();
    pair.a.reap.forget(0);
    pair.a.subjects.length = 0;
    for (const state of [0, 1, 2, 3]) pair.inject('a', 0, forged(state), PAIRS[0]!);
    assert.equal(pair.a.reap.attended, 0);
    assert.equal(pair.count, 0);
  });
});

describe('replay', () => {
  const recovered = () => {
    const pair = healthy();
    pair.passes = (one) => !uses(one, 1, 0);
    pair.run(20_000);
    assert.equal(pair.a.reap.counters['pair-switches'], 1);
    pair.passes = () => true;
    return pair;
  };

  test('everything that was sent comes again at once: nothing moves, nothing is answered', () => {
    const pair = recovered();
    const recorded = pair.sent.filter((sent) => !uses(sent, 1, 0));
    const current = [pair.a.current[0], pair.b.current[0]];
    for (const sent of recorded) pair.inject(sent.from === 'a' ? 'b' : 'a', 0, sent.message, sent);
    pair.run(3_000);
    assert.deepEqual([pair.a.current[0], pair.b.current[0]], current);
    const arrived = pair.a.reap.counters['probe-replayed'] + pair.b.reap.counters['probe-replayed'];
    assert.ok(arrived >= 3, `${arrived}`);
  });

  test('what one end sent and was held back until all is well again', () => {
    const pair = recovered();
    const held = pair.sent.filter((sent) => sent.from === 'a' && uses(sent, 1, 0));
    assert.ok(held.length > 0);
    pair.run(10_000);
    const current = [pair.a.current[0], pair.b.current[0]];
    for (const sent of held) pair.inject('b', 0, sent.message, sent);
    pair.run(3_000);
    assert.deepEqual([pair.a.current[0], pair.b.current[0]], current);
  });

  test('and long after, when nothing of it is remembered: it may be answered, but nothing moves', () => {
    const pair = recovered();
    const recorded = [...pair.sent];
    pair.run(120_000);
    const current = [pair.a.current[0], pair.b.current[0]];
    const [before, states] = [pair.count, () => [pair.a.reap.state(0), pair.b.reap.state(0)]];
    for (const sent of recorded) pair.inject(sent.from === 'a' ? 'b' : 'a', 0, sent.message, sent);
    pair.run(5_000);
    assert.deepEqual([pair.a.current[0], pair.b.current[0]], current);
    assert.deepEqual(states(), [Operational, Operational]);
    assert.ok(pair.count - before <= 4 * recorded.length, `${pair.count - before} for ${recorded.length}`);
  });
});

describe('bounds', () => {
  test('10,000 forged Probes a second draw ten answers a second of their context, and others go on', () => {
    const pair = healthy({ contexts: 50 });
    const flood = (state: State) => {
      for (let count = 0; count < 1_000; count++) {
        const one = PAIRS[count % 4]!;
        pair.inject('a', 0, forged(state, one), one);
      }
    };
    pair.passes = (one) => !uses(one, 1, 0);
    const before = pair.a.reap.counters['probes-sent'];
    for (let tick = 0; tick < 170; tick++) {
      pair.run(100);
      flood(([Exploring, InboundOk, Operational] as const)[tick % 3]!);
    }
    const sent = pair.a.reap.counters['probes-sent'] - before;
    const others = 49 * 5;
    assert.ok(sent <= 18 * 10 + others, `${sent} Probes sent`);
    assert.ok(pair.a.reap.counters['probes-limited'] > 100_000);
    for (let slot = 1; slot < 50; slot++)
      assert.equal(pair.a.reap.state(slot), Operational, `context ${slot}`);
    const largest = Math.max(
      ...pair.a.effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message.length] : [])),
    );
    assert.ok(largest <= 1240);
  });

  test('a peer that answers only some probes: one switch or two, then rest', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const pair = healthy({ seed });
      const chance = new SeededRandom(seed);
      pair.passes = (one, from) => !uses(one, 1, 0) && (from === 'a' || chance.number() < 0.4);
      pair.run(150_000);
      const { counters } = pair.a.reap;
      assert.ok(counters['pair-switches'] <= 3, `seed ${seed}: ${counters['pair-switches']} switches`);
      assert.equal(uses(pair.a.current[0]!, 1, 0), false);
    }
  });

  test('a peer that never confirms: the context stays, and what is sent becomes rare', () => {
    const pair = healthy();
    pair.talks = (from) => from === 'a';
    pair.passes = (_, from) => from === 'a';
    // It says that it sees nothing, again and again, whatever it gets.
    for (let second = 0; second < 120; second++) {
      pair.run(1_000);
      pair.inject('a', 0, forged(Exploring), PAIRS[0]!);
    }
    assert.equal(pair.a.reap.counters['pair-switches'], 0);
    assert.ok(pair.a.reap.counters['probes-sent'] <= 120 * 4);
  });
});
