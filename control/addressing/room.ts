/**
 * The number of leases is bounded. Where it is reached a new client displaces the lease that has been without a client
 * longest, released or expired; leases in use are never displaced.
 */
import type { Lease, LeaseBook, LeaseChange } from './leases.ts';

/** Leases found in one scan, and milliseconds between scans that found none: a flood must not make us scan for each. */
const BATCH = 1024;
const PAUSE = 10_000;

export class Room {
  readonly #book: Pick<LeaseBook, 'size' | 'leases' | 'bindingOf'>;
  readonly #maximum: number;
  #unbound: Lease[] = [];
  #nextScan = 0;

  constructor(book: Pick<LeaseBook, 'size' | 'leases' | 'bindingOf'>, maximum: number) {
    this.#book = book;
    this.#maximum = maximum;
  }

  /** Whether a lease more can be made. */
  has(now: number): boolean {
    return this.#book.size < this.#maximum || this.#oldest(now) !== undefined;
  }

  /** What must go before a lease more is made; undefined: there is no room. */
  make(now: number): LeaseChange[] | undefined {
    if (this.#book.size < this.#maximum) return [];
    const oldest = this.#oldest(now);
    if (oldest === undefined) return undefined;
    this.#unbound.pop();
    return [{ kind: 'remove', address: oldest.ulid }];
  }

  #oldest(now: number): Lease | undefined {
    while (this.#unbound.length > 0) {
      const last = this.#unbound.at(-1)!;
      const lease = this.#book.bindingOf(last.ulid);
      if (lease !== undefined && lease.state !== 'bound') return lease;
      this.#unbound.pop();
    }
    if (now < this.#nextScan) return undefined;
    this.#scan();
    if (this.#unbound.length === 0) this.#nextScan = now + PAUSE;
    return this.#unbound.at(-1);
  }

  /** The oldest last: they are taken from the end. */
  #scan(): void {
    const unbound = [...this.#book.leases()].filter(({ state }) => state !== 'bound');
    unbound.sort((first, second) => second.validUntil - first.validUntil);
    this.#unbound = unbound.slice(-BATCH);
  }
}
