/** Which context each packet of a measurement belongs to: drawn once, the same for every row. */
import { mix, type RandomNumber } from './random.ts';

export type Distribution = 'uniform' | 'zipf';

/** A way to pick contexts: how many there are, and how popular each is. */
export interface Population {
  readonly contexts: number;
  readonly distribution: Distribution;
}

export const describePopulation = ({ contexts, distribution }: Population): string =>
  `${contexts.toLocaleString('en')} ${contexts === 1 ? 'context' : `contexts, ${distribution}`}`;

/**
 * The 32-bit numbers by which the frames know contexts 0, 1, … `count` - 1: scattered, and no two in the same
 * slot of a table of `slots`, so that whoever has a table of that size touches `count` of its slots.
 */
export function contextNumbers(
  count: number,
  slots: number,
  slotOf: (number: number) => number,
): Uint32Array {
  if (count > slots) throw new RangeError(`${count} contexts in ${slots} slots`);
  const numbers = new Uint32Array(count);
  const taken = new Uint8Array(slots);
  for (let found = 0, index = 1; found < count; index++) {
    const number = mix(index);
    const slot = slotOf(number);
    if (taken[slot] === 1) continue;
    taken[slot] = 1;
    numbers[found++] = number;
  }
  return numbers;
}

/** Fills `choices` with numbers of the population's contexts, the first of `numbers`. */
export function drawChoices(
  choices: Uint32Array,
  numbers: Uint32Array,
  { contexts, distribution }: Population,
  random: RandomNumber,
): void {
  const draw = distribution === 'zipf' ? zipf(contexts, random) : () => Math.floor(random() * contexts);
  for (let position = 0; position < choices.length; position++) choices[position] = numbers[draw()]!;
}

/**
 * Draws ranks 0 … count-1, rank k with a probability proportional to 1/(k+1): Zipf's law with
 * exponent 1. By rejection from the density 1/x, so without a table; on average 1.4 attempts.
 */
export function zipf(count: number, random: RandomNumber): () => number {
  const logarithm = Math.log(count + 1);
  return () => {
    for (;;) {
      const rank = Math.floor(Math.exp(random() * logarithm)); // 1 … count, with mass log(1 + 1/rank)
      if (rank > count) continue; // rounding at the very end
      // Wanted is mass 1/rank; the quotient of the two is largest, 1/log 2, at rank 1.
      if (random() * rank * Math.log1p(1 / rank) < Math.LN2) return rank - 1;
    }
  };
}
