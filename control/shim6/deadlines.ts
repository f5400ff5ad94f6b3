/**
 * One heap for all deadlines. A context at rest has none: only exchanges under way and failures held down are in it.
 */
export interface Timed {
  /** Milliseconds. */
  deadline: number;
  /** Where the heap keeps it, -1 when it does not. */
  heapIndex: number;
}

export class Deadlines<T extends Timed> {
  readonly #heap: T[] = [];

  /** Milliseconds, undefined when nothing is pending. */
  next(): number | undefined {
    return this.#heap[0]?.deadline;
  }

  /** Adds `timed` or moves it to its new deadline. */
  set(timed: T, deadline: number): void {
    timed.deadline = deadline;
    if (timed.heapIndex < 0) {
      timed.heapIndex = this.#heap.length;
      this.#heap.push(timed);
    }
    this.#settle(timed);
  }

  cancel(timed: T): void {
    const index = timed.heapIndex;
    if (index < 0) return;
    timed.heapIndex = -1;
    const last = this.#heap.pop()!;
    if (last === timed) return;
    last.heapIndex = index;
    this.#heap[index] = last;
    this.#settle(last);
  }

  /** Takes out the earliest whose deadline has come. */
  takeDue(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.deadline > now) return undefined;
    this.cancel(first);
    return first;
  }

  #settle(timed: T): void {
    const heap = this.#heap;
    let index = timed.heapIndex;
    while (index > 0) {
      const parent = heap[(index - 1) >> 1]!;
      if (parent.deadline <= timed.deadline) break;
      this.#place(parent, index);
      index = (index - 1) >> 1;
    }
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.deadline < heap[child]!.deadline) child++;
      if (heap[child]!.deadline >= timed.deadline) break;
      this.#place(heap[child]!, index);
      index = child;
    }
    this.#place(timed, index);
  }

  #place(timed: T, index: number): void {
    this.#heap[index] = timed;
    timed.heapIndex = index;
  }
}
