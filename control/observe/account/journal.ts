/**
 * The last events, and who follows them. A provider's failure concerns a million contexts at once: of each kind so
 * many a second are told one by one, the others are counted.
 */
import type { BoxEvent, Happening } from './events.ts';

const EVENTS_KEPT = 1000;
const EVENTS_PER_SECOND = 100;

export interface Follower {
  /** Contexts that come and go, too. */
  readonly contexts: boolean;
  readonly tell: (event: BoxEvent) => void;
}

export interface JournalOptions {
  /** Milliseconds. */
  readonly clock: () => number;
  readonly dateOf: (moment: number) => string;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #kept: BoxEvent[] = [];
  readonly #followers = new Set<Follower>();
  /** Events of the current second, by kind. */
  readonly #counts = new Map<Happening['kind'], number>();
  #second = Number.NEGATIVE_INFINITY;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** The oldest first. */
  get kept(): readonly BoxEvent[] {
    return this.#kept;
  }

  /** Whether anybody wants to hear of contexts that come and go: they are told, but not kept. */
  get contextsWanted(): boolean {
    for (const { contexts } of this.#followers) if (contexts) return true;
    return false;
  }

  /** Returns how to end it. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  note(happening: Happening): void {
    const now = this.#options.clock();
    this.turn(now);
    const count = (this.#counts.get(happening.kind) ?? 0) + 1;
    this.#counts.set(happening.kind, count);
    if (count <= EVENTS_PER_SECOND) this.#tell(now, happening);
  }

  /** Tells how many more there were once a second is over. */
  turn(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    this.#second = second;
    for (const [kind, count] of this.#counts) {
      if (count > EVENTS_PER_SECOND)
        this.#tell(now, { kind: 'more', of: kind, count: count - EVENTS_PER_SECOND });
    }
    this.#counts.clear();
  }

  #tell(now: number, happening: Happening): void {
    const event: BoxEvent = { at: this.#options.dateOf(now), ...happening };
    const kind = happening.kind === 'more' ? happening.of : happening.kind;
    const ofContexts = kind === 'established' || kind === 'removed';
    for (const { contexts, tell } of this.#followers) if (contexts || !ofContexts) tell(event);
    if (ofContexts) return;
    this.#kept.push(event);
    if (this.#kept.length > EVENTS_KEPT) this.#kept.shift();
  }
}
