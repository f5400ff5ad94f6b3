/** How fast one core finds CGA modifiers (RFC 3972 §4, steps 1 to 3), beside what its hash function allows. */
import { hash, randomBytes } from 'node:crypto';
import { findModifier, generateCga, type SecurityParameter } from '../../../control/identity/cga.ts';

export interface ModifierRate {
  readonly sec: SecurityParameter;
  /** Modifiers a second; for Sec 2 from the rate of trials, of which one in 2^32 succeeds. */
  readonly rate: number;
  /** If nothing but the hash of each trial took time. */
  readonly bound: number;
}

const SLICE = 1_000;

/** How often a second `work` is done. */
function frequency(milliseconds: number, work: () => number): number {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < milliseconds) count += work();
  return (1000 * count) / (performance.now() - start);
}

export function modifierRates(publicKey: Uint8Array, milliseconds: number): ModifierRate[] {
  const subnetPrefix = new Uint8Array(16);
  const { parameters } = generateCga({ publicKey, subnetPrefix, sec: 0, modifier: randomBytes(16) });
  const hashes = frequency(milliseconds, () => {
    for (let count = 0; count < SLICE; count++) hash('sha1', parameters, 'buffer');
    return SLICE;
  });
  // Sec 0 takes any modifier: what is left to do is its address, one hash.
  const addresses = frequency(milliseconds, () => {
    generateCga({ publicKey, subnetPrefix, sec: 0, modifier: randomBytes(16) });
    return 1;
  });
  const found = frequency(5 * milliseconds, () => {
    findModifier({ publicKey, sec: 1, modifier: randomBytes(16) }, Number.POSITIVE_INFINITY);
    return 1;
  });
  const trials = frequency(milliseconds, () => {
    findModifier({ publicKey, sec: 2, modifier: randomBytes(16) }, SLICE);
    return SLICE;
  });
  return [
    { sec: 0, rate: addresses, bound: hashes },
    { sec: 1, rate: found, bound: hashes / 2 ** 16 },
    { sec: 2, rate: trials / 2 ** 32, bound: hashes / 2 ** 32 },
  ];
}
