/** Changes to octets that know nothing of what they mean. */
import type { SeededRandom } from '../shim6/random.ts';
import type { Target } from './target.ts';

const LIMITS = [0, 1, 0x7f, 0x80, 0xff];

/** Whole number from 0 up to, not including, `limit`. */
export const below = (random: SeededRandom, limit: number): number => Math.floor(random.number() * limit);

export const choose = <T>(random: SeededRandom, choices: readonly T[]): T =>
  choices[below(random, choices.length)]!;

export const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

type Change = (random: SeededRandom, input: Uint8Array, other: Uint8Array, target: Target) => Uint8Array;

/** Runs of octets are often whole 8-octet units in these formats. */
function stretch(random: SeededRandom, length: number): [start: number, end: number] {
  if (below(random, 2) === 0) {
    const start = below(random, length + 1);
    return [start, Math.min(length, start + 1 + below(random, 16))];
  }
  const start = 8 * below(random, (length >> 3) + 1);
  return [start, Math.min(length, start + 8 * (1 + below(random, 4)))];
}

function overwrite(input: Uint8Array, at: number, octets: Uint8Array): Uint8Array {
  const copy = input.slice();
  copy.set(octets.subarray(0, Math.max(0, copy.length - at)), at);
  return copy;
}

const changes: readonly Change[] = [
  /** One bit. */
  (random, input) => {
    const at = below(random, input.length);
    return overwrite(input, at, Uint8Array.of(input[at]! ^ (1 << below(random, 8))));
  },
  /** One octet. */
  (random, input) => overwrite(input, below(random, input.length), random.octets(1)),
  (random, input) => overwrite(input, below(random, input.length), Uint8Array.of(choose(random, LIMITS))),
  /** A 16-bit number, as lengths and counts are, a little off or at a limit. */
  (random, input) => {
    const at = below(random, input.length);
    const number = (input[at]! << 8) | (input[at + 1] ?? 0);
    const next =
      below(random, 3) === 0
        ? choose(random, [0, 0xff, 0x100, 0x7fff, 0xffff])
        : number + below(random, 65) - 32;
    return overwrite(input, at, Uint8Array.of(next >> 8, next));
  },
  /** A word of the dictionary, over what is there or between. */
  (random, input, _other, target) => {
    if (target.dictionary.length === 0) return input;
    const at = below(random, input.length + 1);
    const word = choose(random, target.dictionary);
    if (below(random, 2) === 0) return overwrite(input, at, word);
    return join(input.subarray(0, at), word, input.subarray(at));
  },
  /** A stretch removed, doubled, moved. */
  (random, input) => {
    const [start, end] = stretch(random, input.length);
    return join(input.subarray(0, start), input.subarray(end));
  },
  (random, input) => {
    const [start, end] = stretch(random, input.length);
    return join(input.subarray(0, end), input.subarray(start));
  },
  (random, input) => {
    const [start, end] = stretch(random, input.length);
    const rest = join(input.subarray(0, start), input.subarray(end));
    const at = below(random, rest.length + 1);
    return join(rest.subarray(0, at), input.subarray(start, end), rest.subarray(at));
  },
  /** Random octets or zeros between. */
  (random, input) => {
    const at = below(random, input.length + 1);
    const octets =
      below(random, 2) === 0
        ? random.octets(1 + below(random, 16))
        : new Uint8Array(8 * (1 + below(random, 4)));
    return join(input.subarray(0, at), octets, input.subarray(at));
  },
  /** The end cut off. */
  (random, input) => input.slice(0, below(random, input.length + 1)),
  /** The start of one input, the end of another; or a stretch of another over what is there. */
  (random, input, other) =>
    join(input.subarray(0, below(random, input.length + 1)), other.subarray(below(random, other.length + 1))),
  (random, input, other) => {
    const [start, end] = stretch(random, other.length);
    return overwrite(input, below(random, input.length + 1), other.subarray(start, end));
  },
];

/** `input` after a few changes, at most `target.maximumLength` octets. */
export function mutate(
  random: SeededRandom,
  target: Target,
  input: Uint8Array,
  other: Uint8Array,
): Uint8Array {
  let result = input;
  for (let count = 1 + below(random, 5); count > 0; count--) {
    if (target.restructure !== undefined && below(random, 2) === 0) {
      result = target.restructure(random, result, other);
    } else if (result.length === 0) {
      result = random.octets(1 + below(random, 16));
    } else {
      result = choose(random, changes)(random, result, other, target);
    }
  }
  return result.slice(0, target.maximumLength);
}
