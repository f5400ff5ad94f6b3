import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextNumbers, describePopulation, drawChoices, zipf } from './choices.ts';
import { seededRandom } from './random.ts';

const DRAWS = 200_000;

const SLOTS = 1 << 18;
const scattered = (count: number) => contextNumbers(count, SLOTS, (number) => number & (SLOTS - 1));

describe('context numbers', () => {
  it('differ, also in their slots', () => {
    const numbers = scattered(SLOTS / 2);
    assert.equal(new Set(numbers).size, SLOTS / 2);
    assert.equal(new Set(numbers.map((number) => number & (SLOTS - 1))).size, SLOTS / 2);
  });

  it('are refused where they find no slot', () => {
    assert.throws(() => contextNumbers(3, 2, (number) => number & 1), RangeError);
  });
});

describe('drawing choices', () => {
  it('is reproducible', () => {
    const [first, second] = [new Uint32Array(1000), new Uint32Array(1000)];
    for (const choices of [first, second]) {
      drawChoices(choices, scattered(1024), { contexts: 1024, distribution: 'zipf' }, seededRandom(1));
    }
    assert.deepEqual(first, second);
  });

  it('picks one context when there is only one, of however many numbers', () => {
    const numbers = scattered(10);
    const choices = new Uint32Array(100);
    drawChoices(choices, numbers, { contexts: 1, distribution: 'uniform' }, seededRandom(1));
    assert.ok(choices.every((choice) => choice === numbers[0]));
  });

  it('picks uniformly: every context about as often', () => {
    const contexts = 16;
    const numbers = scattered(contexts);
    const choices = new Uint32Array(DRAWS);
    drawChoices(choices, numbers, { contexts, distribution: 'uniform' }, seededRandom(7));
    for (const number of numbers) {
      const share = choices.filter((choice) => choice === number).length / DRAWS;
      assert.ok(Math.abs(share - 1 / contexts) < 0.005, `context ${number}: ${share}`);
    }
  });
});

describe('Zipf', () => {
  it('draws rank k in proportion to 1/(k+1)', () => {
    const count = 1000;
    const draw = zipf(count, seededRandom(3));
    const frequency = new Float64Array(count);
    for (let index = 0; index < DRAWS; index++) frequency[draw()]! += 1 / DRAWS;
    const harmonic = Array.from({ length: count }, (_, rank) => 1 / (rank + 1)).reduce(
      (sum, term) => sum + term,
    );
    for (const rank of [0, 1, 2, 9, 99]) {
      const expected = 1 / (rank + 1) / harmonic;
      const deviation = Math.sqrt(expected / DRAWS);
      assert.ok(
        Math.abs(frequency[rank]! - expected) < 5 * deviation,
        `rank ${rank}: ${frequency[rank]}, not ${expected}`,
      );
    }
    const tail = frequency.subarray(count / 2).reduce((sum, share) => sum + share);
    const expectedTail = Math.LN2 / harmonic;
    assert.ok(Math.abs(tail - expectedTail) < 0.005, `upper half: ${tail}, not ${expectedTail}`);
  });

  it('stays within its ranks at both ends of the random numbers', () => {
    for (const value of [0, 1 - 2 ** -32]) {
      const numbers = [value, 0]; // the second accepts
      const rank = zipf(7, () => numbers.shift()!)();
      assert.equal(rank, value === 0 ? 0 : 6);
    }
  });
});

describe('the name of a population', () => {
  it('tells number and distribution', () => {
    assert.equal(describePopulation({ contexts: 1, distribution: 'uniform' }), '1 context');
    assert.equal(describePopulation({ contexts: 65536, distribution: 'zipf' }), '65,536 contexts, zipf');
  });
});
