/** So many a second for each key, and so many for all together. */
import { TokenBucket, TokenBuckets } from '../limits/token-bucket.ts';

export interface BudgetSettings {
  /** A second, and at once. */
  readonly rate: number;
  readonly burst: number;
  /** The same for all keys together. */
  readonly totalRate: number;
  readonly totalBurst: number;
}

/** Keys remembered; one that was forgotten starts with a full bucket. */
const KEYS = 4096;

export class Budget {
  readonly #each: TokenBuckets;
  readonly #all: TokenBucket;

  constructor({ rate, burst, totalRate, totalBurst }: BudgetSettings) {
    this.#each = new TokenBuckets({ perSecond: rate, burst }, KEYS);
    this.#all = new TokenBucket({ perSecond: totalRate, burst: totalBurst }, 0);
  }

  /** Takes a token of both, or none and returns false. `now` in milliseconds. */
  take(now: number, key: string): boolean {
    const own = this.#each.of(key, now);
    return own.has(now) && this.#all.take(now) && own.take(now);
  }
}
