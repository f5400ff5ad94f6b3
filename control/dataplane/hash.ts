/**
 * The hashes of the context tables, as bpf/hash.h defines them: all arithmetic modulo 2^32, words read from
 * memory in host order. An entry stands in the first free slot from `hash & mask` on.
 */

const ULID_PAIR_WORDS = 8;

/**
 * Slot hash of a ULID pair. `words` holds source ULID and destination ULID from index `at` on (8 words, as an
 * egress entry begins with them), `key` is settings.hash_key (8 words). An unsigned 32-bit number.
 */
export function egressHash(words: Uint32Array, at: number, key: Uint32Array): number {
  let sum = 0;
  for (let index = 0; index < ULID_PAIR_WORDS; index++) {
    const word = words[at + index]!;
    sum = (sum + Math.imul(word ^ (word >>> 16), key[index]!)) | 0;
  }
  return avalanche(sum);
}

/** Slot hash of a local context tag: its upper 15 bits and its lower 32. An unsigned 32-bit number. */
export function ingressHash(tagHigh: number, tagLow: number): number {
  return avalanche(tagLow ^ Math.imul(tagHigh, 0x9e3779b1));
}

/** The finaliser of MurmurHash3 (32 bits): every bit of the input changes half of the output. */
function avalanche(hash: number): number {
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
