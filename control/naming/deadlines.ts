/** When to wake whom: a binary heap whose outdated entries are skipped, not searched for. */

/** An entry of the heap. */
export interface Alarm {
  /** Milliseconds. */
  readonly at: number;
  /** Undefined once outdated: what is done must not live on here, or the collector moves it about before it is freed. */
  sleeper: unknown;
}

interface Sleeper {
  /** The one that counts; undefined: never. Changed only by `Deadlines.set`. */
  alarm: Alarm | undefined;
}

export class Deadlines<T extends Sleeper> {
  #heap: Alarm[] = [];
  /** Alarms that count. */
  #live = 0;

  /** Replaces the sleeper's deadline; Infinity removes it. */
  set(sleeper: T, at: number): void {
    const { alarm } = sleeper;
    if (alarm?.at === at) return;
    if (alarm !== undefined) {
      alarm.sleeper = undefined;
      sleeper.alarm = undefined;
      this.#live--;
    }
    if (!Number.isFinite(at)) return;
    this.#live++;
    sleeper.alarm = { at, sleeper };
    this.#push(sleeper.alarm);
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
    const sleeper = first.sleeper as T;
    this.set(sleeper, Number.POSITIVE_INFINITY);
    return sleeper;
  }

  #skipOutdated(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.sleeper === undefined) this.#pop();
  }

  #compact(): void {
    const current = this.#heap.filter(({ sleeper }) => sleeper !== undefined);
    // A sorted array is a heap.
    this.#heap = current.sort((first, second) => first.at - second.at);
  }

  #push(entry: Alarm): void {
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
