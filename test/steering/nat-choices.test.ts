import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NatUplink, natChoices } from '../../control/steering/nat-choices.ts';

const BUCKETS = 256;
const uplink = (index: number, priority = 1, weight = 1): NatUplink => ({
  index,
  name: `provider-${index}`,
  priority,
  weight,
});
const firsts = (uplinks: readonly NatUplink[]) => natChoices(uplinks, BUCKETS, 8).map((list) => list[0]!);
const share = (list: readonly number[], index: number) =>
  list.filter((first) => first === index).length / list.length;

test('the lowest priority comes first, whatever the weights', () => {
  for (const list of natChoices([uplink(0, 2, 255), uplink(1, 1, 1)], BUCKETS, 8))
    assert.deepEqual(list, [1, 0]);
});

test('weights are shares', () => {
  const list = firsts([uplink(0, 1, 3), uplink(1, 1, 1)]);
  assert.ok(Math.abs(share(list, 0) - 0.75) < 0.1, `${share(list, 0)}`);
  const even = firsts([uplink(0), uplink(1), uplink(2)]);
  for (const index of [0, 1, 2])
    assert.ok(Math.abs(share(even, index) - 1 / 3) < 0.1, `${share(even, index)}`);
});

test('weight 0 gets what others leave', () => {
  assert.equal(share(firsts([uplink(0, 1, 0), uplink(1, 1, 1)]), 0), 0);
});

test('a provider that goes moves its own buckets only, and so does one that comes', () => {
  const three = firsts([uplink(0), uplink(1), uplink(2)]);
  const two = firsts([uplink(0), uplink(2)]);
  for (const [bucket, before] of three.entries()) if (before !== 1) assert.equal(two[bucket], before);
});

test('while the first is down a bucket’s next one is what it would have without it', () => {
  const three = natChoices([uplink(0), uplink(1), uplink(2)], BUCKETS, 8);
  const two = natChoices([uplink(0), uplink(2)], BUCKETS, 8);
  for (const [bucket, list] of three.entries())
    assert.deepEqual(
      list.filter((index) => index !== 1),
      two[bucket],
    );
});

test('choices follow names, not indices', () => {
  const before = firsts([uplink(0), uplink(1)]);
  const renumbered = firsts([
    { ...uplink(1), index: 0 },
    { ...uplink(0), index: 1 },
  ]);
  assert.deepEqual(
    renumbered,
    before.map((index) => 1 - index),
  );
});

test('no more than asked for', () => {
  const many = Array.from({ length: 12 }, (_, index) => uplink(index));
  for (const list of natChoices(many, BUCKETS, 8)) assert.equal(new Set(list).size, 8);
});
