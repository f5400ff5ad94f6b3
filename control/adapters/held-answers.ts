/**
 * Answers that wait a moment for the contexts to the hosts that they name. Whoever is told an address sends there within
 * the millisecond: that packet would wait in the box for as long. A host that only wants to know loses little.
 */
import { type Address, pairKey } from '../wire/ipv6/address.ts';

export interface HeldAnswersOptions {
  /** Milliseconds that an answer waits at most; 0: none waits. */
  readonly wait: number;
  /** Whether a handshake is under way. */
  readonly underWay: (host: Address, peer: Address) => boolean;
}

interface Held {
  /** Pairs whose handshakes are awaited. */
  readonly pairs: Set<string>;
  readonly timer: NodeJS.Timeout;
  readonly release: () => void;
}

/** Answers that wait at once; what is beyond does not wait. */
const MOST = 1024;

export class HeldAnswers {
  readonly counters = { answersHeld: 0, answersHeldInVain: 0 };
  readonly #options: HeldAnswersOptions;
  readonly #held = new Set<Held>();
  readonly #byPair = new Map<string, Set<Held>>();

  constructor(options: HeldAnswersOptions) {
    this.#options = options;
  }

  /**
   * `host` is about to be told `peers`. True if the answer waits: then `release` is called once, later, when no handshake
   * with them is under way any more, or time is up.
   */
  hold(host: Address, peers: readonly Address[], release: () => void): boolean {
    const { wait, underWay } = this.#options;
    if (wait === 0 || this.#held.size >= MOST) return false;
    const awaited = peers.filter((peer) => underWay(host, peer));
    if (awaited.length === 0) return false;
    this.counters.answersHeld++;
    const timer = setTimeout(() => {
      this.counters.answersHeldInVain++;
      this.#release(held);
    }, wait);
    const held: Held = { pairs: new Set(awaited.map((peer) => pairKey(host, peer))), timer, release };
    this.#held.add(held);
    for (const pair of held.pairs) {
      const others = this.#byPair.get(pair) ?? new Set();
      this.#byPair.set(pair, others.add(held));
    }
    return true;
  }

  /** The handshake between the two has ended, one way or the other. */
  settled(host: Address, peer: Address): void {
    if (this.#held.size === 0) return;
    const pair = pairKey(host, peer);
    const waiting = this.#byPair.get(pair) ?? [];
    // First: whoever is answered may ask again at once.
    this.#byPair.delete(pair);
    for (const held of waiting) {
      held.pairs.delete(pair);
      if (held.pairs.size === 0) this.#release(held);
    }
  }

  /** Forgets them: nobody is answered any more. */
  close(): void {
    for (const { timer } of this.#held) clearTimeout(timer);
    this.#held.clear();
    this.#byPair.clear();
  }

  #release(held: Held): void {
    clearTimeout(held.timer);
    this.#held.delete(held);
    for (const pair of held.pairs) {
      const others = this.#byPair.get(pair);
      others?.delete(held);
      if (others?.size === 0) this.#byPair.delete(pair);
    }
    held.release();
  }
}
