/**
 * A peer was found at a locator of its: the contexts that waited for that choose their paths anew, so many a tick. One
 * that was established a moment ago goes where it is preferred to be, as it had no choice; any other stays, with a new
 * alternate, and goes back as all do (see reversion.ts).
 */
import type { ContextView } from '../shim6/context.ts';
import type { InstalledContexts } from './contexts.ts';

/** Contexts that choose anew in one tick. */
const MOST_A_TICK = 500;
/** Milliseconds since its establishment in which a context has not settled anywhere. */
const YOUNG = 5_000;

export interface PresenceNewsOptions {
  /** The established context of a slot. */
  readonly context: (slot: number) => ContextView | undefined;
  readonly contexts: Pick<InstalledContexts, 'update'>;
  /** Milliseconds. */
  readonly clock: () => number;
  /** A context stays where it is, and may be preferred elsewhere. */
  readonly onStaying: () => void;
}

export class PresenceNews {
  readonly #options: PresenceNewsOptions;
  /** Slots, in order. */
  readonly #waiting = new Set<number>();
  #left = MOST_A_TICK;

  constructor(options: PresenceNewsOptions) {
    this.#options = options;
  }

  add(slots: readonly number[]): void {
    for (const slot of slots) this.#waiting.add(slot);
    this.#work();
  }

  /** A tick has passed. */
  step(): void {
    this.#left = MOST_A_TICK;
    this.#work();
  }

  #work(): void {
    for (const slot of this.#waiting) {
      if (this.#left-- <= 0) return;
      this.#waiting.delete(slot);
      const context = this.#options.context(slot);
      if (context !== undefined) this.#choose(context);
    }
  }

  #choose(context: ContextView): void {
    const { contexts, clock, onStaying } = this.#options;
    const isYoung = clock() - (context.establishedAt ?? Number.NEGATIVE_INFINITY) < YOUNG;
    const because = 'the peer was found at a locator that it prefers';
    contexts.update(context, isYoung ? { to: 'begin', because } : { because });
    if (!isYoung) onStaying();
  }
}
