import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../control/adapters/random.ts';

test('octets are never given out twice, whatever lengths are asked for', () => {
  const random = systemRandom();
  const seen = new Set<string>();
  const lengths = [8, 32, 4096, 8, 5000, 16];
  for (let turn = 0; turn < 2_000; turn++) {
    const length = lengths[turn % lengths.length]!;
    const octets = random(length);
    assert.equal(octets.length, length);
    // The first and the last eight octets of each: any repetition would be one of the pool's.
    for (const part of [octets.subarray(0, 8), ...(length > 16 ? [octets.subarray(-8)] : [])]) {
      const key = Buffer.from(part).toString('hex');
      assert.ok(!seen.has(key), `turn ${turn} repeats ${key}`);
      seen.add(key);
    }
  }
});

test('what was given out belongs to whoever asked', () => {
  const random = systemRandom();
  const first = random(8);
  const copy = first.slice();
  for (let turn = 0; turn < 1_000; turn++) random(8).fill(0);
  assert.deepEqual(first, copy);
});
