/** When to wake whom: a binary heap whose outdated entries are skipped, not searched for. */

interface Sleeper {
  /** Milliseconds. Infinity: never. Changed only by `Deadlines.set`. */
  wakeAt: number;
}

interface Entry<T> {
  readonly at: number;
  readonly sleeper: T;
}

export class Deadlines<T extends Sleeper> {
  #heap: Entry<T>[] = [];
  /** Sleepers whose `wakeAt` is finite. */
  #live = 0;

  /** Replaces the sleeper's deadline; Infinity removes it. */
  set(sleeper: T, at: number): void {
    if (sleeper.wakeAt === at) return;
    this.#live += Number(Number.isFinite(at)) - Number(Number.isFinite(sleeper.wakeAt));
    sleeper.wakeAt = at;
    if (!Number.isFinite(at)) return;
    this.#push({ at, sleeper });
    // Bounded by the live entries, however often deadlines move.
    if (this.#heap.length > 2 * this.#live + 64) this.#compact();
  }

  next(): number | undefined {
    this.#skipOutdated();
    return this.#heap[0]?.at;
  }

  /** Takes one sleeper whose deadline has come; it then has none. */
  takeDue(now: number): T | undefined {
    this.#skipOutdated();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.set(first.sleeper, Number.POSITIVE_INFINITY);
    return first.sleeper;
  }

  #skipOutdated(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.sleeper.wakeAt !== this.#heap[0]!.at) this.#pop();
  }

  #compact(): void {
    const seen = new Set<T>();
    const current = this.#heap.filter(({ at, sleeper }) => {
      if (sleeper.wakeAt !== at || seen.has(sleeper)) return false;
      seen.add(sleeper);
      return true;
    });
    // A sorted array is a heap.
    this.#heap = current.sort((first, second) => first.at - second.at);
  }

  #push(entry: Entry<T>): void {
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#heap[parent]!.at <= entry.at) break;
      this.#heap[index] = this.#heap[parent]!;
      index = parent;
    }
    this.#heap[index] = entry;
  }

  #pop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && this.#heap[child + 1]!.at < this.#heap[child]!.at) child++;
      if (this.#heap[child]!.at >= last.at) break;
      this.#heap[index] = this.#heap[child]!;
      index = child;
    }
    this.#heap[index] = last;
  }
}
