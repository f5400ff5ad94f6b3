import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastCheck from 'fast-check';
import { Deadlines } from '../../control/naming/deadlines.ts';

describe('deadlines', () => {
  it('come in order, once, as last set', () => {
    const operations = fastCheck.array(fastCheck.tuple(fastCheck.nat(9), fastCheck.nat(50)), {
      maxLength: 300,
    });
    fastCheck.assert(
      fastCheck.property(operations, (list) => {
        const deadlines = new Deadlines<{ wakeAt: number }>();
        const sleepers = Array.from({ length: 10 }, () => ({ wakeAt: Number.POSITIVE_INFINITY }));
        for (const [index, at] of list)
          deadlines.set(sleepers[index]!, at === 0 ? Number.POSITIVE_INFINITY : at);
        const expected = sleepers
          .map(({ wakeAt }) => wakeAt)
          .filter(Number.isFinite)
          .sort((a, b) => a - b);
        const taken: number[] = [];
        for (let next = deadlines.next(); next !== undefined; next = deadlines.next()) {
          assert.equal(deadlines.takeDue(next - 1), undefined);
          const sleeper = deadlines.takeDue(next);
          assert.equal(sleeper?.wakeAt, Number.POSITIVE_INFINITY);
          taken.push(next);
        }
        assert.deepEqual(taken, expected);
      }),
    );
  });
});
