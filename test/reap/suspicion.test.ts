/** ICMPv6 errors as hints (RFC 5534 §3.3): tested at once, and believed no further. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LocatorPair, Operational } from '../../control/reap/index.ts';
import { equalAddress } from '../../control/wire/ipv6/address.ts';
import { locatorOf, Pair } from './pair.ts';

/** Both talk. */
function talking(): Pair {
  const pair = new Pair();
  pair.talks = () => true;
  pair.run(2_000);
  return pair;
}

const suspect = (pair: Pair) => {
  const began = pair.a.reap.suspect(pair.now, 0);
  pair.collect('a');
  return began;
};
const operational = (pair: Pair) => [pair.a, pair.b].every(({ reap }) => reap.state(0) === Operational);

/** Milliseconds until A's packets arrive again. */
function recovery(pair: Pair): number {
  const start = pair.now;
  while (pair.b.lastReceived[0] !== pair.tick && pair.now < start + 60_000) pair.run(100);
  return pair.now - start;
}

test('a pair found dead is doubted for new contexts between the prefixes, for a while; one that cannot work, more', () => {
  const pair = talking();
  const [dead, other] = [0, 1].map((at) => ({ source: locatorOf(1, at), destination: locatorOf(2, at) }));
  const doubts = () => [dead!, other!].map((one) => pair.a.reap.doubts(pair.now, one));
  assert.deepEqual(doubts(), [0, 0]);
  pair.passes = ({ source }) => !equalAddress(source, dead!.source);
  pair.talks = (from, tick) => from === 'a' || pair.b.lastReceived[0]! >= tick - 1;
  pair.run(300);
  recovery(pair);
  assert.deepEqual(doubts(), [1, 0]);
  pair.a.usable = (one) => !equalAddress(one.source, other!.source);
  assert.deepEqual(doubts(), [1, 2]);
  pair.run(61_000);
  assert.deepEqual(doubts(), [0, 2]);
});

describe('a router says that packets do not arrive', () => {
  test('it is right: the working pair is found without waiting for the Send Timer', () => {
    const times = [true, false].map((told) => {
      const pair = talking();
      const [source, destination] = [locatorOf(1, 0), locatorOf(2, 0)];
      const isDead = (one: LocatorPair) =>
        equalAddress(one.source, source) && equalAddress(one.destination, destination);
      pair.passes = (one) => !isDead(one);
      // The peer answers what it hears, as TCP does.
      pair.talks = (from, tick) => from === 'a' || pair.b.lastReceived[0]! >= tick - 1;
      pair.run(300);
      if (told) assert.equal(suspect(pair), true);
      const time = recovery(pair);
      assert.ok(!isDead(pair.a.current[0]!));
      return time;
    });
    assert.ok(times[0]! < 3_000, `${times[0]} ms with the hint`);
    assert.ok(times[1]! > 9_000, `${times[1]} ms without`);
  });

  test('it lies: the pair proves itself, and is kept', () => {
    const pair = talking();
    const before = pair.a.current[0];
    for (let count = 0; count < 20; count++) {
      suspect(pair);
      pair.run(1_000);
      assert.ok(operational(pair));
    }
    assert.deepEqual(pair.a.current[0], before);
    assert.deepEqual(
      pair.a.effects.filter(({ kind }) => kind === 'switch'),
      [],
    );
  });

  test('it goes on saying so: one exploration, not one for each error', () => {
    const pair = talking();
    pair.passes = () => false;
    assert.equal(suspect(pair), true);
    const sent = pair.sent.length;
    for (let count = 0; count < 50; count++) assert.equal(suspect(pair), false);
    assert.equal(pair.sent.length, sent);
  });
});
