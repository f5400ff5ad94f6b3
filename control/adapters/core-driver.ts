/** Runs the SHIM6 core on real time: calls it when its next deadline comes and carries out its effects. */

import type { Effect } from '../shim6/effects.ts';
import type { Shim6 } from '../shim6/shim6.ts';

/** Milliseconds, monotonic, never going back. */
export type Clock = () => number;

export class CoreDriver {
  readonly #core: Shim6;
  readonly #clock: Clock;
  readonly #carryOut: (effect: Effect) => void;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, by the clock. */
  #armedFor = Number.POSITIVE_INFINITY;
  #running = false;

  constructor(core: Shim6, clock: Clock, carryOut: (effect: Effect) => void) {
    this.#core = core;
    this.#clock = clock;
    this.#carryOut = carryOut;
  }

  /** Gives the core an input and carries out all that follows from it. */
  run(input: (core: Shim6, now: number) => void): void {
    input(this.#core, this.#clock());
    // Effects may lead to inputs: those are taken up by the loop already under way.
    if (this.#running) return;
    this.#running = true;
    try {
      for (let effect = this.#core.pollEffect(); effect !== undefined; effect = this.#core.pollEffect())
        this.#carryOut(effect);
    } finally {
      this.#running = false;
    }
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A timer that fires too early does no harm, and most deadlines are cancelled before they come. */
  #arm(): void {
    const next = this.#core.nextTimeout();
    if (next === undefined || (this.#timer !== undefined && this.#armedFor <= next)) return;
    clearTimeout(this.#timer);
    this.#armedFor = next;
    const delay = Math.max(0, Math.ceil(next - this.#clock()));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.run((core, now) => core.handleTimeout(now));
    }, delay);
  }
}
