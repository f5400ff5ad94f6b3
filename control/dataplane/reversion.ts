/**
 * Contexts go back to the pair that is preferred once its uplink has proved stable: not all at once, and as far as can
 * be in a pause of theirs, when no packet is on its way that a later one could overtake. Pure: called once a tick.
 */
import type { ContextView } from '../shim6/context.ts';

/** Ticks without a packet that are a pause. */
const PAUSE = 2;
/** Ticks over which contexts without a pause are spread. */
const SPREAD = 600;
/** Contexts that go back in one tick at most, and that are looked at. */
const MOST_MOVED = 500;
const MOST_LOOKED_AT = 2000;
/** Ticks between looks through all contexts. */
const BETWEEN_SEARCHES = 50;

export interface ReversionOptions {
  readonly contexts: () => IterableIterator<ContextView>;
  /**
   * Whether a context is to go back: 'now', or 'later' when another pair is preferred whose uplink has not been up for
   * long enough; 'no' when it is on the pair that is preferred, or never to go back.
   */
  readonly wants: (context: ContextView) => 'no' | 'later' | 'now';
  /** Tick of its last packet. */
  readonly lastSent: (context: ContextView) => number;
  readonly revert: (context: ContextView) => void;
}

export class Reversion {
  readonly #options: ReversionOptions;
  /** Something may want to go back, now or later. */
  #wanted = false;
  #searchAfter = 0;
  #search: IterableIterator<ContextView> | undefined;
  /** Those that go back, the ones found first in front. */
  #going: ContextView[] = [];
  /** How many a tick go though they have no pause. */
  #share = 1;
  /** Contexts that went back. */
  reverted = 0;

  constructor(options: ReversionOptions) {
    this.#options = options;
  }

  /** A context stays on a pair that is not the preferred one, or an uplink came up. */
  want(): void {
    this.#wanted = true;
  }

  step(tick: number): void {
    if (this.#search === undefined && this.#going.length === 0 && this.#wanted && tick >= this.#searchAfter) {
      this.#wanted = false;
      this.#search = this.#options.contexts();
    }
    if (this.#search !== undefined) this.#look(this.#search, tick);
    else if (this.#going.length > 0) this.#move(tick);
  }

  #look(search: IterableIterator<ContextView>, tick: number): void {
    for (let count = 0; count < MOST_LOOKED_AT; count++) {
      const { done, value: context } = search.next();
      if (done === true) {
        this.#search = undefined;
        this.#searchAfter = tick + BETWEEN_SEARCHES;
        this.#share = Math.ceil(this.#going.length / SPREAD);
        return;
      }
      if (context.state !== 'ESTABLISHED') continue;
      const wants = this.#options.wants(context);
      if (wants === 'later') this.#wanted = true;
      if (wants === 'now') this.#going.push(context);
    }
  }

  #move(tick: number): void {
    const { wants, lastSent, revert } = this.#options;
    const staying: ContextView[] = [];
    let moved = 0;
    let hurried = 0;
    for (const context of this.#going) {
      const pauses = lastSent(context) + PAUSE <= tick;
      if (moved === MOST_MOVED || (!pauses && hurried === this.#share)) {
        staying.push(context);
        continue;
      }
      // The uplink may have been lost again since, the context, too.
      if (context.state !== 'ESTABLISHED' || wants(context) !== 'now') continue;
      if (!pauses) hurried++;
      moved++;
      this.reverted++;
      revert(context);
    }
    this.#going = staying;
  }
}
