/** Token buckets: so many events a second, and so many at once after silence. Time is passed in, in milliseconds. */
import { BoundedMap } from './bounded-map.ts';

export interface Rate {
  readonly perSecond: number;
  /** Events at once after silence, at least 1. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  /** Full. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** Whether `take` would succeed. A clock that goes back gains nothing. */
  has(now: number): boolean {
    const { perSecond, burst } = this.#rate;
    const gained = (Math.max(0, now - this.#at) * perSecond) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#at = now;
    return this.#tokens >= 1;
  }

  take(now: number): boolean {
    if (!this.has(now)) return false;
    this.#tokens--;
    return true;
  }
}

/** A bucket for each key, in bounded memory: a forgotten key has a full one. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #buckets: BoundedMap<TokenBucket>;

  constructor(rate: Rate, capacity: number) {
    this.#rate = rate;
    this.#buckets = new BoundedMap(capacity);
  }

  of(key: string, now: number): TokenBucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(this.#rate, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  take(key: string, now: number): boolean {
    return this.of(key, now).take(now);
  }
}
