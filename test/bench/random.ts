/** Reproducible randomness for the benchmark: the same seed gives the same packets on every machine. */

/** Numbers in [0, 1) with 32 random bits; never for secrets. */
export type RandomNumber = () => number;

/** Marsaglia's xorshift128 (Journal of Statistical Software 8(14), 2003), seeded through `mix`. */
export function seededRandom(seed: number): RandomNumber {
  let x = mix(seed);
  let y = mix(x + 1);
  let z = mix(y + 1);
  let w = mix(z + 1) | 1;
  return () => {
    const t = x ^ (x << 11);
    x = y;
    y = z;
    z = w;
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return (w >>> 0) / 0x1_0000_0000;
  };
}

/** The finaliser of MurmurHash3: a bijection of the 32-bit numbers that scatters neighbours. */
export function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
