/** RFC 5534 §4.2, §4.3 and §5.2: exploring between two ends. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Exploring,
  InboundOk,
  type LocatorPair,
  Operational,
  STATE_NAMES,
} from '../../control/reap/index.ts';
import { equalAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import type { Probe } from '../../control/wire/shim6/index.ts';
import { locatorOf, Pair, type Sent, uses } from './pair.ts';

const probes = (pair: Pair, from?: 'a' | 'b') =>
  pair.sent.filter(
    (sent): sent is Sent & { message: Probe } =>
      sent.message.type === 'Probe' && (from === undefined || sent.from === from),
  );
const between = (
  pair: LocatorPair,
  source: readonly [number, number],
  destination: readonly [number, number],
) =>
  equalAddress(pair.source, locatorOf(...source)) &&
  equalAddress(pair.destination, locatorOf(...destination));
const states = (pair: Pair) => [pair.a, pair.b].map(({ reap }) => STATE_NAMES[reap.state(0)]);

/** Both talk until the network becomes as `passes` says. */
function broken(passes: Pair['passes'], options: ConstructorParameters<typeof Pair>[0] = {}): Pair {
  const pair = new Pair(options);
  pair.talks = () => true;
  pair.run(2_000);
  pair.passes = passes;
  return pair;
}

/** Milliseconds from the failure until payload of `a` arrives again. */
function recovery(pair: Pair): number {
  const start = pair.now;
  while (pair.now < start + 200_000) {
    pair.run(100);
    if (pair.a.lastReceived[0] === pair.tick && pair.b.lastReceived[0] === pair.tick) return pair.now - start;
  }
  return Number.POSITIVE_INFINITY;
}

describe('traffic in both directions, none, or one', () => {
  test('example 1 and 2: without traffic, or with it both ways, REAP sends nothing', () => {
    const pair = new Pair();
    pair.run(60_000);
    pair.talks = () => true;
    pair.run(60_000);
    assert.equal(pair.count, 0);
  });

  test('example 3: Keepalives go one way while payload goes the other, and no Probe', () => {
    const pair = new Pair();
    pair.talks = (from) => from === 'a';
    pair.run(60_000);
    assert.deepEqual(new Set(pair.log), new Set(['b:Keepalive 20>10']));
    // At a third and two thirds of the Keepalive Timeout, and at its end.
    assert.ok(pair.count >= 11 && pair.count <= 12, `${pair.count} in a minute`);
    assert.deepEqual(states(pair), ['Operational', 'Operational']);
  });

  test('a conversation that ends is followed by three Keepalives at most, from one end or both', () => {
    const pair = new Pair();
    pair.talks = (_, tick) => tick < 50;
    pair.run(120_000);
    assert.ok(pair.count >= 1 && pair.count <= 6, `${pair.count}`);
    assert.ok(pair.sent.every(({ at }) => at < 21_000));
    assert.deepEqual(states(pair), ['Operational', 'Operational']);
  });

  test('the Keepalive Interval follows the peer’s Keepalive Timeout option; without it the default', () => {
    const pair = new Pair();
    pair.b.reap.setKeepaliveTimeout(0, 30);
    pair.talks = (from) => from === 'a';
    pair.a.reap.adopt(0);
    pair.run(12_000);
    assert.equal(pair.count, 1, 'a third of 30 s');
  });

  test('a Keepalive or two may be lost: nobody explores', () => {
    const pair = new Pair();
    let lost = 0;
    pair.talks = (from) => from === 'a';
    pair.passes = (_, from) => from !== 'b' || ++lost % 2 === 0;
    pair.run(120_000);
    assert.ok(pair.sent.every(({ message }) => message.type === 'Keepalive'));
  });
});

describe('failures', () => {
  test('example 4: what broke both ways is left both ways', () => {
    const pair = broken((one) => !uses(one, 1, 0));
    assert.ok(recovery(pair) <= 16_500);
    assert.ok(between(pair.a.current[0]!, [1, 1], [2, 0]) || between(pair.a.current[0]!, [1, 1], [2, 1]));
    assert.deepEqual(states(pair), ['Operational', 'Operational']);
  });

  test('example 5: what broke one way is left one way, and the pair that works is kept', () => {
    const pair = broken((one, from) => !(from === 'a' && uses(one, 1, 0) && uses(one, 2, 0)));
    assert.ok(recovery(pair) <= 16_500);
    assert.ok(between(pair.b.current[0]!, [2, 0], [1, 0]), 'b goes on as it did');
    assert.ok(!between(pair.a.current[0]!, [1, 0], [2, 0]));
  });

  test('only two unidirectional pairs are left, another each way: both are found and used', () => {
    const pair = broken((one, from) =>
      from === 'a' ? between(one, [1, 1], [2, 0]) : between(one, [2, 1], [1, 1]),
    );
    assert.ok(recovery(pair) < 20_000);
    assert.ok(between(pair.a.current[0]!, [1, 1], [2, 0]));
    assert.ok(between(pair.b.current[0]!, [2, 1], [1, 1]));
  });

  test('until a pair is confirmed, payload stays where it was (§6.9)', () => {
    const pair = broken(() => false);
    pair.run(30_000);
    assert.deepEqual(states(pair), ['Exploring', 'Exploring']);
    assert.ok(between(pair.a.current[0]!, [1, 0], [2, 0]));
    assert.equal(pair.a.reap.counters['pair-switches'], 0);
  });

  test('2x2, Send Timeout 15: both ways again within Send Timeout + 1.5 s, whichever provider is dead', () => {
    for (const [site, index] of [
      [1, 0],
      [2, 0],
    ] as const) {
      for (let seed = 1; seed <= 20; seed++) {
        const took = recovery(broken((one) => !uses(one, site, index), { seed, latency: 20 }));
        assert.ok(took <= 16_500, `site ${site}, seed ${seed}: ${took} ms`);
      }
    }
  });

  test('it comes back of itself when the network does, and within a minute of exploring', () => {
    const pair = broken(() => false);
    pair.run(300_000);
    pair.passes = () => true;
    assert.ok(recovery(pair) <= 67_000);
    pair.run(1_000);
    assert.deepEqual(states(pair), ['Operational', 'Operational']);
  });
});

describe('sequence and back-off (§4.3, §7)', () => {
  const silent = () => {
    const pair = new Pair();
    pair.passes = () => false;
    pair.talks = (from) => from === 'a';
    pair.run(400_000);
    return probes(pair, 'a');
  };

  test('four probes half a second apart, then twice as long each time, and a minute at most', () => {
    const sent = silent();
    const gaps = sent.slice(1).map(({ at }, index) => (at - sent[index]!.at) / 1000);
    const nominal = [0.5, 0.5, 0.5, 0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60];
    for (const [index, expected] of nominal.entries()) {
      const gap = gaps[index]!;
      assert.ok(
        gap >= expected * 0.9 - 0.1 && gap <= expected * 1.1 + 0.1,
        `gap ${index}: ${gap}, not ${expected}`,
      );
    }
  });

  test('all pairs are tried in turn, the current one first, then what has nothing in common with it', () => {
    const sent = silent();
    const order = sent.slice(0, 4).map(({ source, destination }) => [source, destination]);
    assert.equal(new Set(order.map(String)).size, 4);
    assert.ok(between(sent[0]!, [1, 0], [2, 0]));
    assert.ok(between(sent[1]!, [1, 1], [2, 1]));
    assert.equal(
      new Set(sent.slice(4, 8).map(({ source, destination }) => `${source} ${destination}`)).size,
      4,
    );
  });

  test('two contexts are not in step', () => {
    const pair = new Pair({ contexts: 200 });
    pair.passes = () => false;
    pair.talks = (from, tick) => from === 'a' && tick < 5;
    pair.run(30_000);
    assert.ok(new Set(probes(pair, 'a').map(({ at }) => at)).size > 20);
  });
});

describe('what a Probe tells (§5.2)', () => {
  test('Psent begins with the probe itself and goes on with those not reported to the same locator; 1 to 15', () => {
    const pair = broken(() => false);
    pair.run(100_000);
    const sent = probes(pair, 'a');
    assert.ok(sent.length > 8);
    for (const [index, { message, source, destination }] of sent.entries()) {
      assert.ok(message.sent.length >= 1 && message.sent.length <= 15);
      const [own, before] = message.sent;
      assert.deepEqual([own!.source, own!.destination], [source, destination]);
      const there = sent.slice(0, index).filter((one) => equalAddress(one.destination, destination));
      assert.equal(before?.nonce, there.at(-1)?.message.sent[0]?.nonce);
    }
    assert.equal(new Set(sent.map(({ message }) => message.sent[0]!.nonce)).size, sent.length);
  });

  test('in InboundOk it reports at least one probe received, and copies what that said', () => {
    const pair = broken((one) => !uses(one, 1, 0));
    recovery(pair);
    const answers = probes(pair).filter(({ message }) => message.state === InboundOk);
    assert.ok(answers.length > 0);
    for (const { message, from } of answers) {
      assert.ok(message.received.length >= 1 && message.received.length <= 15);
      const theirs = probes(pair, from === 'a' ? 'b' : 'a').map((sent) =>
        JSON.stringify(sent.message.sent[0]),
      );
      for (const report of message.received) assert.ok(theirs.includes(JSON.stringify(report)));
    }
  });

  test('what was received before the last transition to Exploring is not reported', () => {
    const pair = broken((one) => !uses(one, 1, 0));
    recovery(pair);
    pair.passes = () => false;
    pair.run(25_000);
    const last = probes(pair, 'a').at(-1)!.message;
    assert.equal(last.state, Exploring);
    assert.deepEqual(last.received, []);
  });

  test('with 16 pairs Precvd and Psent keep to 15 and the packet to 1280 octets', () => {
    const pair = broken((_, from) => from === 'b', { locators: [4, 4] });
    pair.run(400_000);
    const sizes = pair.b.effects.flatMap((effect) =>
      effect.kind === 'send' ? [effect.message.length + 40] : [],
    );
    assert.ok(Math.max(...sizes) <= 1280);
    assert.ok(Math.max(...probes(pair).map(({ message }) => message.received.length)) > 8);
  });
});

describe('order of pairs (§4.3)', () => {
  const first = (change: (pair: Pair) => void) => {
    const pair = new Pair();
    pair.passes = () => false;
    pair.talks = (from) => from === 'a';
    change(pair);
    pair.run(20_000);
    return probes(pair, 'a');
  };

  test('a source whose uplink is down, or that the peer does not know, is not tried', () => {
    for (const change of [{ usable: false }, { acknowledged: false }]) {
      const sent = first(({ a }) => Object.assign(a.subjects[0]!.localLocators[0]!, change));
      assert.ok(sent.length >= 4 && sent.every(({ source }) => equalAddress(source, locatorOf(1, 1))));
    }
  });

  test('what the peer called broken, and what routes say cannot work, comes last', () => {
    for (const change of [
      ({ a }: Pair) => Object.assign(a.subjects[0]!.peerLocators[1]!, { broken: true }),
      ({ a }: Pair) => {
        a.usable = ({ destination }) => !equalAddress(destination, locatorOf(2, 1));
      },
    ]) {
      const sent = first(change);
      assert.ok(between(sent[1]!, [1, 1], [2, 0]));
    }
  });

  test('link-local does not go with global; a matching label is preferred (RFC 6724)', () => {
    const sent = first(({ a }) => {
      const { peerLocators, localLocators } = a.subjects[0]!;
      localLocators.length = 1;
      const more = (text: string) => ({ address: parseAddress(text), broken: false, priority: 0 });
      peerLocators.push(more('fe80::1'), more('2002:101:101::1'));
      a.current[0] = undefined;
    });
    assert.ok(sent.every(({ destination }) => destination[0] !== 0xfe));
    assert.ok(sent.findIndex(({ destination }) => destination[1] === 0x02) >= 2, '6to4 has another label');
  });

  test('local preference, then the peer’s', () => {
    const prefer = (which: 'localLocators' | 'peerLocators') =>
      first(({ a }) => {
        a.current[0] = undefined;
        const subject = a.subjects[0]!;
        for (const locator of [...subject.localLocators, ...subject.peerLocators])
          Object.assign(locator, { priority: 1 });
        Object.assign(subject[which][1]!, { priority: 0 });
      })[0]!;
    assert.ok(equalAddress(prefer('localLocators').source, locatorOf(1, 1)));
    assert.ok(equalAddress(prefer('peerLocators').destination, locatorOf(2, 1)));
  });
});

test('the same inputs give the same messages', () => {
  const run = () => {
    const pair = broken((one) => !uses(one, 1, 0), { seed: 7 });
    recovery(pair);
    return JSON.stringify(pair.sent);
  };
  assert.equal(run(), run());
});

test('an exploration is forgotten some time after it ended', () => {
  const pair = broken((one) => !uses(one, 1, 0));
  recovery(pair);
  assert.equal(pair.a.reap.attended, 1);
  pair.run(40_000);
  assert.deepEqual([pair.a.reap.attended, pair.a.reap.state(0)], [0, Operational]);
  const { switches, probesSent } = pair.a.reap.history(pair.a.subjects[0]!)!;
  assert.equal(switches.length, 1);
  assert.ok(probesSent >= 2);
});
