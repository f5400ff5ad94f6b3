import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { median, ratios, spread } from './statistics.ts';

describe('median', () => {
  it('is the middle value, in whatever order they come', () => {
    assert.equal(median([10, 9, 100]), 10);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([7]), 7);
  });

  it('refuses an empty list', () => {
    assert.throws(() => median([]), RangeError);
  });

  it('leaves its argument alone', () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe('spread', () => {
  it('is median, lowest and highest', () => {
    assert.deepEqual(spread([5, 1, 3]), { median: 3, lowest: 1, highest: 5 });
  });
});

describe('ratios', () => {
  it('compares round by round', () => {
    assert.deepEqual(ratios([2, 9], [4, 3]), [0.5, 3]);
    assert.throws(() => ratios([1], [1, 2]), RangeError);
  });
});
