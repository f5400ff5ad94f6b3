/**
 * The resolvers and their health. One that leaves a question without answer, and has answered nothing since it
 * got it, is down: asked only when all others have been, and by probes, until it answers again.
 */
import type { Lookup, Resolver } from './lookup.ts';

export class Resolvers {
  readonly all: readonly Resolver[];
  readonly #lastAnswer: number[];
  readonly #down: boolean[];
  readonly #onDown: (now: number, index: number) => void;

  /** `all`: the preferred first. `onDown`: once for each time that one goes down. */
  constructor(all: readonly Resolver[], onDown: (now: number, index: number) => void) {
    this.all = all;
    this.#lastAnswer = all.map(() => Number.NEGATIVE_INFINITY);
    this.#down = all.map(() => false);
    this.#onDown = onDown;
  }

  isDown(index: number): boolean {
    return this.#down[index]!;
  }

  get down(): number {
    return this.#down.filter(Boolean).length;
  }

  /** Index of the resolver for the next attempt: least tried, then up, then first in order. */
  choose({ pinned, tries }: Lookup): number {
    if (pinned !== undefined) return pinned;
    let best = 0;
    for (let index = 1; index < this.all.length; index++) {
      if (this.#rank(index, tries) < this.#rank(best, tries)) best = index;
    }
    return best;
  }

  answered(now: number, index: number): void {
    this.#lastAnswer[index] = now;
    this.#down[index] = false;
  }

  /** A question sent at `sentAt` got no answer in time, or its socket failed. */
  missed(now: number, index: number, sentAt: number): void {
    if (this.#down[index] || this.#lastAnswer[index]! >= sentAt) return;
    this.#down[index] = true;
    this.#onDown(now, index);
  }

  #rank(index: number, tries: Uint8Array): number {
    return 2 * tries[index]! + Number(this.#down[index]);
  }
}
