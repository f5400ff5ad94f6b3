import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastCheck from 'fast-check';
import { TransientMap } from '../../control/limits/transient-map.ts';

describe('a map for what comes and goes', () => {
  it('is a map', () => {
    // Few keys that go and many that stay, and the other way round.
    const operations = fastCheck.array(fastCheck.tuple(fastCheck.nat(150), fastCheck.boolean()), {
      minLength: 500,
      maxLength: 1000,
    });
    fastCheck.assert(
      fastCheck.property(operations, (list) => {
        const [model, map] = [new Map<number, number>(), new TransientMap<number, number>()];
        for (const [value, [key, add]] of list.entries()) {
          if (add) {
            model.set(key, value);
            map.set(key, value);
          } else {
            assert.equal(map.delete(key), model.delete(key));
          }
          assert.equal(map.size, model.size);
          assert.equal(map.get(key), model.get(key));
          assert.equal(map.has(key), model.has(key));
        }
        assert.deepEqual(map.values(), [...model.values()]);
        map.clear();
        assert.equal(map.size, 0);
      }),
      { numRuns: 50 },
    );
  });
});
