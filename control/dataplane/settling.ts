/**
 * After an uplink was lost the data path takes each context's other path, packet by packet, and would go back as soon
 * as the uplink is there again. Settling makes the path that is taken the one that stays: one store for each context,
 * a slice of the table at a time. When contexts go back is then a decision; see reversion.ts.
 */

/** Slots looked at before others get their turn; about three milliseconds. */
const SLICE = 65_536;

export interface SettlingOptions {
  /** How many slots the table has. */
  readonly slots: number;
  /** Settles the slots from `first` up to, not including, `end`. */
  readonly settle: (first: number, end: number) => void;
  /** Calls back soon, when others had their turn. */
  readonly defer: (next: () => void) => void;
}

export class Settling {
  readonly #options: SettlingOptions;
  #next: number | undefined;
  /** Runs that were overtaken stop. */
  #run = 0;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** An uplink was lost: begins, or begins anew. */
  start(): void {
    this.#next = 0;
    const run = ++this.#run;
    this.#options.defer(() => this.#slice(run));
  }

  /** Does what is left at once. An uplink is about to be up: nothing that is not settled may go back to it. */
  finish(): void {
    const { slots, settle } = this.#options;
    if (this.#next !== undefined) settle(this.#next, slots);
    this.#next = undefined;
  }

  #slice(run: number): void {
    if (run !== this.#run || this.#next === undefined) return;
    const { slots, settle, defer } = this.#options;
    const end = Math.min(slots, this.#next + SLICE);
    settle(this.#next, end);
    this.#next = end === slots ? undefined : end;
    if (this.#next !== undefined) defer(() => this.#slice(run));
  }
}
