/** Changes that keep a SHIM6 message a message: options in another order, doubled, left out, put in. */
import { optionRows } from '../../control/wire/shim6/index.ts';
import { messageRows } from '../../control/wire/shim6/message-rows.ts';
import type { SeededRandom } from '../shim6/random.ts';
import { below, choose, join } from './mutate.ts';

const SHORTEST = 16;
const LONGEST = 2048;
const headerLengths = new Map(
  Object.values(messageRows).map(({ code, minimumLength }) => [code, minimumLength]),
);

/** `octets` with zeros to the next length that Hdr Ext Len can tell, cut beyond its largest. */
export function sealable(octets: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.min(LONGEST, Math.max(8, Math.ceil(octets.length / 8) * 8)));
  whole.set(octets.subarray(0, whole.length));
  return whole;
}

/** The message without options, and each option with its padding. What is behind the last whole one is left out. */
function split(octets: Uint8Array): { header: Uint8Array; options: Uint8Array[] } {
  const length = headerLengths.get(octets[2] ?? 0) ?? SHORTEST;
  const options: Uint8Array[] = [];
  for (let start = length; start + 4 <= octets.length; ) {
    const contents = (octets[start + 2]! << 8) | octets[start + 3]!;
    const end = start + Math.ceil((4 + contents) / 8) * 8;
    options.push(octets.slice(start, end));
    start = end;
  }
  return { header: octets.slice(0, length), options };
}

/** An option of a known type, most often with as much in it as it must have. */
function madeUp(random: SeededRandom): Uint8Array {
  const { type, minimumLength } = choose(random, Object.values(optionRows));
  const length = below(random, 4) === 0 ? below(random, 64) : minimumLength;
  const critical = below(random, 8) === 0 ? 1 : 0;
  const option = new Uint8Array(Math.ceil((4 + length) / 8) * 8);
  option.set([0, (type << 1) | critical, 0, length]);
  option.set(random.octets(length), 4);
  return option;
}

export function changeOptions(random: SeededRandom, input: Uint8Array, other: Uint8Array): Uint8Array {
  const { header, options } = split(input);
  const foreign = split(other).options;
  const at = below(random, options.length + 1);
  switch (below(random, 6)) {
    case 0:
      options.splice(at, 0, ...options.splice(below(random, options.length + 1), 1));
      break;
    case 1:
      options.splice(at, 1);
      break;
    case 2:
      if (options.length > 0) options.splice(at, 0, choose(random, options));
      break;
    case 3:
      if (foreign.length > 0) options.splice(at, 0, choose(random, foreign));
      break;
    case 4:
      options.splice(at, 0, madeUp(random));
      break;
    default:
      if (foreign.length > 0) options.splice(at, 1, choose(random, foreign));
  }
  return join(header, ...options);
}
