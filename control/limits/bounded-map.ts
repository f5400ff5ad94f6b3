/**
 * A map that forgets what was not looked at for longest. Two generations: once the young one is half of the capacity it
 * becomes the old one, and the old one goes. No entry is ever deleted by itself: a JavaScript `Map` that loses its oldest
 * entry for every new one spends its time stepping over the holes.
 */
export class BoundedMap<Value> {
  readonly #generation: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(capacity: number) {
    this.#generation = Math.max(1, Math.floor(capacity / 2));
  }

  /** Entries held, at most the capacity; one that was replaced may count twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#generation && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
