import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastCheck from 'fast-check';
import { type Alarm, Deadlines } from '../../control/naming/deadlines.ts';

interface Sleeper {
  alarm: Alarm | undefined;
}
const NEVER = Number.POSITIVE_INFINITY;

describe('deadlines', () => {
  it('come in order, once, as last set', () => {
    const operations = fastCheck.array(fastCheck.tuple(fastCheck.nat(9), fastCheck.nat(50)), {
      maxLength: 300,
    });
    fastCheck.assert(
      fastCheck.property(operations, (list) => {
        const deadlines = new Deadlines<Sleeper>();
        const sleepers = Array.from({ length: 10 }, (): Sleeper => ({ alarm: undefined }));
        const last = new Map(list);
        for (const [index, at] of list) deadlines.set(sleepers[index]!, at === 0 ? NEVER : at);
        const expected = [...last.values()].filter((at) => at !== 0).sort((a, b) => a - b);
        const taken: number[] = [];
        for (let next = deadlines.next(); next !== undefined; next = deadlines.next()) {
          assert.equal(deadlines.takeDue(next - 1), undefined);
          const sleeper = deadlines.takeDue(next);
          assert.equal(sleeper?.alarm, undefined);
          taken.push(next);
        }
        assert.deepEqual(taken, expected);
      }),
    );
  });

  it('hold nobody whose deadline was moved or taken away', () => {
    const deadlines = new Deadlines<Sleeper>();
    const sleeper: Sleeper = { alarm: undefined };
    deadlines.set(sleeper, 1000);
    const first = sleeper.alarm!;
    deadlines.set(sleeper, 2000);
    const second = sleeper.alarm!;
    assert.deepEqual([first.sleeper, second.sleeper], [undefined, sleeper]);
    deadlines.set(sleeper, NEVER);
    assert.equal(second.sleeper, undefined);
    assert.equal(deadlines.next(), undefined);
  });
});
