/** An input that is a sequence of messages: two octets of choices, the length, the message, and the next. */
import type { SeededRandom } from '../shim6/random.ts';
import { below, choose, join } from './mutate.ts';
import { changeOptions } from './shim6-structure.ts';

export interface Step {
  /** Addresses, time and command; see the target. */
  readonly choices: number;
  /** Which fields are put right before the message is handed in. */
  readonly repairs: number;
  readonly message: Uint8Array;
}

const HEADER = 4;

export const encodeSteps = (steps: readonly Step[]): Uint8Array =>
  join(
    ...steps.flatMap(({ choices, repairs, message }) => [
      Uint8Array.of(choices, repairs, message.length >> 8, message.length),
      message,
    ]),
  );

/** Any octets are steps: the last takes what there is. At most `most` of them. */
export function decodeSteps(input: Uint8Array, most: number): Step[] {
  const steps: Step[] = [];
  for (let start = 0; start + HEADER <= input.length && steps.length < most; ) {
    const length = (input[start + 2]! << 8) | input[start + 3]!;
    const end = start + HEADER + length;
    steps.push({
      choices: input[start]!,
      repairs: input[start + 1]!,
      message: input.slice(start + HEADER, end),
    });
    start = end;
  }
  return steps;
}

/** Steps in another order, doubled, left out, taken from another input; or one of them changed. */
export function changeSteps(
  random: SeededRandom,
  input: Uint8Array,
  other: Uint8Array,
  most: number,
): Uint8Array {
  const steps = decodeSteps(input, most);
  const foreign = decodeSteps(other, most);
  if (steps.length === 0 || foreign.length === 0) return input;
  const at = below(random, steps.length);
  const step = steps[at]!;
  switch (below(random, 7)) {
    case 0:
      steps.splice(below(random, steps.length), 0, ...steps.splice(at, 1));
      break;
    case 1:
      steps.splice(at, 0, step);
      break;
    case 2:
      steps.splice(at, 1);
      break;
    case 3:
      steps.splice(at, 0, choose(random, foreign));
      break;
    case 4:
      steps[at] = { ...step, choices: below(random, 256) };
      break;
    case 5:
      steps[at] = { ...step, repairs: below(random, 256) };
      break;
    default:
      steps[at] = {
        ...step,
        message: changeOptions(random, step.message, choose(random, foreign).message),
      };
  }
  return encodeSteps(steps);
}
