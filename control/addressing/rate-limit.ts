/** A token bucket for each key, in bounded memory: keys that were silent longest are forgotten first. */
import { BoundedMap } from './bounded-map.ts';

interface Bucket {
  tokens: number;
  at: number;
}

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets: BoundedMap<Bucket>;

  /** `burst`: events at once after silence. */
  constructor(perSecond: number, { burst = 2 * perSecond, capacity = 65_536 } = {}) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#buckets = new BoundedMap(capacity);
  }

  /** `now` in milliseconds. A forgotten key has a full bucket: memory is bounded before rates are. */
  admits(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#buckets.set(key, { tokens: this.#burst - 1, at: now });
      return true;
    }
    const gained = (Math.max(0, now - bucket.at) * this.#perSecond) / 1000;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + gained);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
