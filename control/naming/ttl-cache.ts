/** What is known for a while: bounded, what was not looked at for longest leaves first. Time in milliseconds. */
import { BoundedMap } from '../limits/bounded-map.ts';

export class TtlCache<V> {
  readonly #entries: BoundedMap<{ readonly value: V; readonly expiry: number }>;

  constructor(capacity: number) {
    this.#entries = new BoundedMap(capacity);
  }

  /** Those that time has overtaken included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Replaces what was known under the key. */
  set(key: string, value: V, expiry: number): void {
    this.#entries.set(key, { value, expiry });
  }

  get(now: number, key: string): { readonly value: V; readonly expiry: number } | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiry <= now ? undefined : entry;
  }
}
