import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirstPackets } from '../../control/dataplane/first-packets.ts';

const frame = (octet: number) => ({ frame: Uint8Array.of(octet), ifindex: 1, networkOffset: 14 });
const octets = (frames: readonly { frame: Uint8Array }[]) => frames.map((waiting) => waiting.frame[0]);

test('packets come out in the order they came in, by pair', () => {
  const queue = new FirstPackets({ perPair: 4, total: 8, patience: 1000 });
  for (const [pair, octet] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const)
    assert.equal(queue.add(0, pair, frame(octet)), true);
  assert.deepEqual(octets(queue.take('a')), [1, 3]);
  assert.deepEqual(octets(queue.take('a')), []);
  assert.equal(queue.waiting, 1);
});

test('a full pair refuses the newest and counts it; other pairs are not hurt', () => {
  const queue = new FirstPackets({ perPair: 2, total: 8, patience: 1000 });
  assert.deepEqual(
    [1, 2, 3].map((octet) => queue.add(0, 'a', frame(octet))),
    [true, true, false],
  );
  assert.equal(queue.add(0, 'b', frame(4)), true);
  assert.equal(queue.refused, 1);
  assert.deepEqual(octets(queue.take('a')), [1, 2]);
});

test('a flood of pairs stays within the total', () => {
  const queue = new FirstPackets({ perPair: 2, total: 100, patience: 1000 });
  for (let pair = 0; pair < 10_000; pair++) queue.add(0, `pair ${pair}`, frame(1));
  assert.equal(queue.waiting, 100);
  assert.equal(queue.refused, 9_900);
});

test('what waits too long is given back, and room is made', () => {
  const queue = new FirstPackets({ perPair: 2, total: 2, patience: 1000 });
  queue.add(0, 'a', frame(1));
  queue.add(500, 'b', frame(2));
  assert.deepEqual(octets(queue.expire(999)), []);
  assert.deepEqual(octets(queue.expire(1000)), [1]);
  assert.equal(queue.since('b'), 500);
  assert.equal(queue.add(1000, 'c', frame(3)), true);
  assert.equal(queue.expired, 1);
});
