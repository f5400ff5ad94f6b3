/** Token buckets: so many a second for each key, with a burst, and so many for all together. */

export interface BudgetSettings {
  /** A second, and at once. */
  readonly rate: number;
  readonly burst: number;
  /** The same for all keys together. */
  readonly totalRate: number;
  readonly totalBurst: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds. */
  since: number;
}

/** Keys remembered; one that was forgotten starts with a full bucket. */
const KEYS = 4096;

export class Budget {
  readonly #settings: BudgetSettings;
  readonly #buckets = new Map<string, Bucket>();
  readonly #total: Bucket;

  constructor(settings: BudgetSettings) {
    this.#settings = settings;
    this.#total = { tokens: settings.totalBurst, since: 0 };
  }

  /** Takes a token of both, or none and returns false. `now` in milliseconds. */
  take(now: number, key: string): boolean {
    const { rate, burst, totalRate, totalBurst } = this.#settings;
    const bucket = this.#bucket(now, key);
    refill(bucket, now, rate, burst);
    refill(this.#total, now, totalRate, totalBurst);
    if (bucket.tokens < 1 || this.#total.tokens < 1) return false;
    bucket.tokens--;
    this.#total.tokens--;
    return true;
  }

  #bucket(now: number, key: string): Bucket {
    const bucket = this.#buckets.get(key) ?? { tokens: this.#settings.burst, since: now };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > KEYS) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return bucket;
  }
}

function refill(bucket: Bucket, now: number, rate: number, burst: number): void {
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.since) * rate) / 1000);
  bucket.since = now;
}
