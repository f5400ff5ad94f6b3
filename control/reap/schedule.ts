/** When explorations go on: a bucket for each tick, so that 100,000 of them cost an array entry each. */
import { TICK } from './settings.ts';

export interface Scheduled {
  /** Milliseconds; infinite when nothing is to be done. */
  due: number;
}

export class Schedule<T extends Scheduled> {
  readonly #buckets = new Map<number, T[]>();
  #next: number | undefined;

  set(one: T, due: number): void {
    one.due = due;
    if (!Number.isFinite(due)) return;
    const index = Math.max(Math.ceil(due / TICK), this.#next ?? 0);
    this.#next ??= index;
    const bucket = this.#buckets.get(index);
    if (bucket === undefined) this.#buckets.set(index, [one]);
    else bucket.push(one);
  }

  /** Calls `visit` for what is due. What was set anew since, or cancelled, is passed over. */
  takeDue(now: number, visit: (one: T) => void): void {
    const last = Math.floor(now / TICK);
    for (let index = this.#next ?? last; index <= last; index++) {
      const bucket = this.#buckets.get(index);
      this.#buckets.delete(index);
      this.#next = index + 1;
      if (bucket === undefined) continue;
      for (const one of bucket) {
        if (one.due > now) continue;
        one.due = Number.POSITIVE_INFINITY;
        visit(one);
      }
    }
  }
}
