/**
 * The hashes of the context tables, as bpf/hash.h defines them: all arithmetic modulo 2^64. Of a hash only the upper 32 bits are used; the uppermost name the slot where an entry
 * stands, or after which it stands in the first free one. BigInt costs about half a microsecond a hash, once
 * for each change of a context.
 */

const ULID_PAIR_WORDS = 4;
const FORK_FACTOR = 0x9e3779b1;
const INGRESS_FACTOR = 0x9e3779b97f4a7c15n;

/**
 * Slot hash of a ULID pair: source ULID and destination ULID, 32 octets; `key` is settings.hash_key (4 odd
 * words). The upper 32 bits.
 */
export function egressHash(pair: DataView, key: BigUint64Array): number {
  let sum = 0n;
  for (let index = 0; index < ULID_PAIR_WORDS; index++) sum += pair.getBigUint64(index * 8) * key[index]!;
  return upperHalf(sum);
}

/** Slot hash of a forked context, from that of its pair. The upper 32 bits of both. */
export const forkHash = (pairHash: number, fork: number): number =>
  (pairHash + Math.imul(fork, FORK_FACTOR)) >>> 0;

/** Slot hash of a local context tag, by the two words of its payload header. The upper 32 bits. */
export function ingressHash(header: { readonly first: number; readonly second: number }): number {
  return upperHalf(((BigInt(header.second) << 32n) | BigInt(header.first)) * INGRESS_FACTOR);
}

const upperHalf = (sum: bigint): number => Number(BigInt.asUintN(64, sum) >> 32n);
