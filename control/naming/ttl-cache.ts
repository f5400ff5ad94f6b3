/** What is known for a while: bounded, the least recently used leaves first. Time in milliseconds. */

export class TtlCache<V> {
  /** Least recently used first: a `Map` keeps the order of insertion. */
  readonly #entries = new Map<string, { readonly value: V; readonly expiry: number }>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Replaces what was known under the key. */
  set(key: string, value: V, expiry: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, expiry });
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }

  get(now: number, key: string): { readonly value: V; readonly expiry: number } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiry <= now) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }
}
