/** TCP segments whose options are of every kind, well-formed or not; SYNs mostly. */
import { concat } from './outcome.ts';
import type { Choices } from './random.ts';

/** Around what fits each MTU of the world, with the payload header and without. */
const SIZES = [0, 536, 1211, 1212, 1213, 1220, 1222, 1232, 1332, 1432, 1433, 1440, 8932, 8940, 65535];
const HEADER = 20;
const MOST_OPTIONS = 40;

export function randomSegment(choices: Choices): Uint8Array {
  const options = randomOptions(choices);
  const data = choices.octets(choices.of([0, 0, 1, 7, 100]));
  const fixed = choices.octets(HEADER);
  // Few ports, so that rules meet them.
  fixed.set([0, choices.below(2), 0, choices.below(2)]);
  const right = (HEADER + options.length) / 4;
  const words = choices.once(12) ? choices.below(16) : right;
  fixed[12] = (words << 4) | choices.below(16);
  fixed[13] = choices.of([0x02, 0x02, 0x02, 0x12, 0xc2, 0x06, 0x10]);
  if (choices.once(3)) fixed.set(choices.of([Uint8Array.of(0, 0), Uint8Array.of(255, 255)]), 16);
  return concat(fixed, options, data);
}

/** At most 40 octets, a multiple of four. */
function randomOptions(choices: Choices): number[] {
  const options: number[] = [];
  while (options.length < MOST_OPTIONS && !choices.once(4)) options.push(...randomOption(choices));
  const cut = options.slice(0, MOST_OPTIONS);
  while (cut.length % 4 !== 0) cut.push(choices.once(8) ? 1 : 0);
  return cut;
}

function randomOption(choices: Choices): number[] {
  const size = choices.of(SIZES);
  const mss = [2, 4, size >> 8, size & 0xff];
  switch (choices.below(10)) {
    case 0:
      return [1];
    case 1:
      return Array(choices.below(20)).fill(1);
    case 2:
      return [3, 3, choices.below(15)];
    case 3:
      return [4, 2];
    case 4:
      return [8, 10, ...choices.octets(8)];
    case 5:
      // Of any kind and length, right or not.
      return [choices.below(256), choices.below(12), ...choices.octets(choices.below(10))];
    case 6:
      // What a search by value would take for an MSS option.
      return [254, 6, ...mss];
    case 7:
      return choices.once(4) ? [0] : [2, choices.below(7), ...mss.slice(2)];
    default:
      return mss;
  }
}
