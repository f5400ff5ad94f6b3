/**
 * Handshakes begun when a host is told a ULID, so that its first packet finds the context standing. Whoever makes a host
 * resolve names must not be able to make the box work without end: there is a budget for each host and for all, and a
 * context that carried nothing after a while is discarded.
 */
import { Budget } from '../naming/budget.ts';
import { type Address, addressKey, pairKey } from '../wire/ipv6/address.ts';

export interface EarlyContextsOptions {
  readonly enabled: boolean;
  /** A second, of one host and in total; four times as many at once. */
  readonly perHost: number;
  readonly total: number;
  /** Milliseconds without a packet after which one is discarded. */
  readonly unused: number;
  readonly establish: (host: Address, peer: Address, locators: readonly Address[]) => void;
  /** False where it carries packets, or is none. */
  readonly discardUnused: (host: Address, peer: Address) => boolean;
}

interface Early {
  readonly host: Address;
  readonly peer: Address;
  readonly at: number;
}

/** Early contexts watched; what is beyond is left to the idle scan, like every other context. */
const WATCHED = 65_536;

export class EarlyContexts {
  readonly counters = { earlyContexts: 0, earlyContextsRefused: 0, earlyContextsUnused: 0 };
  readonly #options: EarlyContextsOptions;
  readonly #budget: Budget;
  /** The oldest first. */
  readonly #watched = new Map<string, Early>();

  constructor(options: EarlyContextsOptions) {
    this.#options = options;
    const { perHost, total } = options;
    this.#budget = new Budget({
      rate: perHost,
      burst: 4 * perHost,
      totalRate: total,
      totalBurst: 4 * total,
    });
  }

  /** `host` was just told `peer`. */
  begin(now: number, host: Address, peer: Address, locators: readonly Address[]): void {
    const pair = pairKey(host, peer);
    if (!this.#options.enabled || this.#watched.has(pair)) return;
    if (!this.#budget.take(now, addressKey(host))) {
      this.counters.earlyContextsRefused++;
      return;
    }
    this.counters.earlyContexts++;
    if (this.#watched.size < WATCHED) this.#watched.set(pair, { host, peer, at: now });
    this.#options.establish(host, peer, locators);
  }

  /** Discards those that nobody used. */
  expire(now: number): void {
    for (const [pair, { host, peer, at }] of this.#watched) {
      if (now - at < this.#options.unused) return;
      this.#watched.delete(pair);
      if (this.#options.discardUnused(host, peer)) this.counters.earlyContextsUnused++;
    }
  }
}
