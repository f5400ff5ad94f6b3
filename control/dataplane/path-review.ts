/**
 * Chooses the paths of many contexts anew, a slice at a time: what is known of the providers' routes has changed.
 * Contexts are many and a routing daemon changes its mind often: changes that come during a review are part of the next.
 */
import type { ContextView } from '../shim6/context.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { containsAddress, type Prefix } from '../wire/ipv6/prefix.ts';

/** Milliseconds that a slice takes at most, and contexts between looks at the clock. */
const SLICE = 5;
const CONTEXTS_PER_LOOK = 64;

export interface PathReviewOptions {
  readonly contexts: () => IterableIterator<ContextView>;
  readonly review: (context: ContextView) => void;
  /** Milliseconds. */
  readonly clock: () => number;
  /** Calls back soon, when others had their turn. */
  readonly defer: (next: () => void) => void;
}

export class PathReview {
  readonly #options: PathReviewOptions;
  /** Prefixes of peers' locators that the next review is about; undefined: all; empty: there is none. */
  #prefixes: readonly Prefix[] | undefined = [];
  #running = false;

  constructor(options: PathReviewOptions) {
    this.#options = options;
  }

  /** Reviews contexts with a peer's locator in one of the prefixes, or all. */
  start(prefixes: readonly Prefix[] | undefined): void {
    this.#prefixes =
      prefixes === undefined || this.#prefixes === undefined ? undefined : [...this.#prefixes, ...prefixes];
    if (!this.#running) this.#next();
  }

  #next(): void {
    const prefixes = this.#prefixes;
    this.#running = prefixes === undefined || prefixes.length > 0;
    if (!this.#running) return;
    this.#prefixes = [];
    const isMeant = (address: Address) =>
      prefixes === undefined || prefixes.some((prefix) => containsAddress(prefix, address));
    this.#slice(this.#options.contexts(), isMeant);
  }

  #slice(contexts: IterableIterator<ContextView>, isMeant: (address: Address) => boolean): void {
    const { review, clock, defer } = this.#options;
    const end = clock() + SLICE;
    for (let count = 1; count % CONTEXTS_PER_LOOK !== 0 || clock() < end; count++) {
      const { done, value: context } = contexts.next();
      if (done === true) return this.#next();
      if (context.state !== 'ESTABLISHED') continue;
      if (context.peerLocators.some(({ address }) => isMeant(address))) review(context);
    }
    defer(() => this.#slice(contexts, isMeant));
  }
}
