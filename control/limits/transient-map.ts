/**
 * A map for what comes and goes, many thousand times a second. A JavaScript `Map` makes itself a new table each time that
 * additions, those deleted since included, have filled the last one, and the last one points to the new one: once one of
 * them is old enough to be left alone by the quick collections, all its successors and what they held stay until the next
 * full one. Half of what is allocated then is copied, and full collections come six times as often. Starting with
 * a new `Map` from time to time breaks the chain.
 */

/** Deletions after which a new one is due at the earliest: fewer than happen between two quick collections. */
const DELETIONS = 64;

export class TransientMap<Key, Value> {
  #map = new Map<Key, Value>();
  #deletions = 0;

  get size(): number {
    return this.#map.size;
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  set(key: Key, value: Value): void {
    this.#map.set(key, value);
  }

  /** True if there was such an entry. */
  delete(key: Key): boolean {
    if (!this.#map.delete(key)) return false;
    // As many as there are entries left: copying them costs each deletion one entry at most.
    if (++this.#deletions >= DELETIONS && this.#deletions >= this.#map.size) {
      this.#deletions = 0;
      this.#map = new Map(this.#map);
    }
    return true;
  }

  clear(): void {
    this.#map.clear();
  }

  /** Those that are there now, in the order of their coming. */
  values(): Value[] {
    return [...this.#map.values()];
  }
}
