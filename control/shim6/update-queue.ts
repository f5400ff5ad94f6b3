/**
 * Whose peers have to learn what changed here: the most active contexts first, each operation in constant time. A
 * change of a host concerns all its contexts, which may be a million: they are looked through a bounded number at a
 * time, and those that are active need not wait for the end of that.
 */
import type { Context, ContextView } from './context.ts';
import type { Host } from './local-host.ts';
import { Queue } from './queue.ts';

/** Contexts are told apart by the logarithm of how long they have been idle. */
const RANKS = 16;
/** Contexts up to this rank do not wait until all others were looked at: by the data path's ticks, 1.6 seconds. */
const LAST_ACTIVE_RANK = 4;

/** How long ago a context's last packet left, in the data path's ticks. */
export type Idleness = (context: ContextView) => number;

export class UpdateQueue {
  readonly #idleness: Idleness;
  readonly #ranks = Array.from({ length: RANKS }, () => new Queue<Context>());
  readonly #changed = new Map<Host, IterableIterator<Context>>();

  constructor(idleness: Idleness) {
    this.#idleness = idleness;
  }

  /** Contexts wait here, or have yet to be looked at. */
  get isBusy(): boolean {
    return this.#changed.size > 0 || this.#ranks.some((rank) => rank.length > 0);
  }

  /** All contexts of the host are to be looked at. */
  change(host: Host): void {
    this.#changed.set(host, host.allContexts());
  }

  /** The next context of a host that changed; undefined when all have been looked at. */
  nextChanged(): Context | undefined {
    for (const [host, contexts] of this.#changed) {
      const { done, value } = contexts.next();
      if (done !== true) return value;
      this.#changed.delete(host);
    }
    return undefined;
  }

  push(context: Context): void {
    const rank = 32 - Math.clz32(Math.max(0, this.#idleness(context)));
    this.#ranks[Math.min(rank, RANKS - 1)]!.push(context);
  }

  /** The most active of those that may go. */
  shift(): Context | undefined {
    const last = this.#changed.size > 0 ? LAST_ACTIVE_RANK : RANKS - 1;
    for (let rank = 0; rank <= last; rank++) {
      const context = this.#ranks[rank]!.shift();
      if (context !== undefined) return context;
    }
    return undefined;
  }
}
