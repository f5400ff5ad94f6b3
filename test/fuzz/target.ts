/** What is fuzzed: octets in, an invariant that must hold. */
import type { SeededRandom } from '../shim6/random.ts';

export interface Target {
  /** What every input must satisfy, for people. */
  readonly invariant: string;
  /** Octets beyond which inputs are cut. */
  readonly maximumLength: number;
  /** Octet strings worth inserting: type codes, names, numbers at limits. */
  readonly dictionary: readonly Uint8Array[];
  /** What the URLs of the code to cover contain one of; `/control/` when absent. */
  readonly watched?: readonly string[];
  /** Inputs to start from: real ones. */
  seeds(): readonly Uint8Array[];
  /** A change that respects the structure of the input; tried beside those of single octets. */
  readonly restructure?: (random: SeededRandom, input: Uint8Array, other: Uint8Array) => Uint8Array;
  /** Throws when the invariant does not hold. The same input always does the same. */
  run(input: Uint8Array): void;
}

/** The invariant does not hold. */
export class InvariantError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'InvariantError';
  }
}

export function hold(condition: boolean, detail: string): asserts condition {
  if (!condition) throw new InvariantError(detail);
}
