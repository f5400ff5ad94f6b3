/**
 * Copies of messages that are gone within seconds, many in one piece of memory: each with memory of its own would cost
 * an allocation outside the heap, and the collector as much again. What is to last has to be copied anew: one octet that
 * is still referred to keeps the whole piece.
 */

/** Octets, of a piece, and of the longest that goes into one. */
const PIECE = 8_192;
const LONGEST = 1_024;

let piece = new Uint8Array(PIECE);
let used = 0;

/** `octets` from `start` to `end`. */
export function transientCopy(octets: Uint8Array, start = 0, end = octets.length): Uint8Array {
  const length = end - start;
  if (length > LONGEST) return octets.slice(start, end);
  if (used + length > PIECE) {
    piece = new Uint8Array(PIECE);
    used = 0;
  }
  const copy = piece.subarray(used, used + length);
  used += length;
  for (let index = 0; index < length; index++) copy[index] = octets[start + index]!;
  return copy;
}
