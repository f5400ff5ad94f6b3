import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BoundedMap } from '../../control/limits/bounded-map.ts';
import { TokenBucket, TokenBuckets } from '../../control/limits/token-bucket.ts';

const RATE = { perSecond: 100, burst: 3 };

describe('a token bucket', () => {
  test('lets a burst pass, then its rate', () => {
    const bucket = new TokenBucket(RATE, 0);
    assert.deepEqual(
      [0, 0, 0, 0, 9, 10, 11, 20].map((now) => bucket.take(now)),
      [true, true, true, false, false, true, false, true],
    );
  });

  test('is no fuller after long silence than at first', () => {
    const bucket = new TokenBucket(RATE, 0);
    assert.equal([1e9, 1e9, 1e9, 1e9].filter((now) => bucket.take(now)).length, 3);
  });

  test('gains nothing by a clock that goes back', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 5000);
    assert.deepEqual(
      [5000, 0, 999, 1000].map((now) => bucket.take(now)),
      [true, false, false, true],
    );
  });
});

test('buckets of different keys are apart, and few are kept', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 4);
  assert.deepEqual(
    ['a', 'b', 'a', 'b'].map((key) => buckets.take(key, 0)),
    [true, true, false, false],
  );
  for (let key = 0; key < 10; key++) buckets.take(`${key}`, 0);
  assert.equal(buckets.take('a', 0), true);
});

test('a bounded map forgets what was not looked at for longest', () => {
  const map = new BoundedMap<number>(4);
  for (let key = 0; key < 100; key++) {
    map.set(`${key}`, key);
    assert.equal(map.get('0'), 0);
    assert.ok(map.size <= 4);
  }
  assert.equal(map.get('50'), undefined);
});
