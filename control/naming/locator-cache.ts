/**
 * What the DNS said about ULIDs: where a context to each may start. Nothing here is trusted beyond that: a
 * handshake with a wrong locator fails, because the peer has to prove that the locators are its ULID's.
 */
import { type Address, addressKey } from '../wire/ipv6/address.ts';

export interface KnownLocators {
  readonly locators: readonly Address[];
  /** The name that held them, presentation form. */
  readonly name: string;
  /** Milliseconds on the caller's clock. */
  readonly expiry: number;
}

export class LocatorCache {
  /** Least recently used first: a `Map` keeps the order of insertion. */
  readonly #entries = new Map<string, KnownLocators>();
  readonly #capacity: number;

  /** `capacity`: ULIDs remembered. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The latest answer replaces what was known. `ttl` in seconds. */
  learn(now: number, ulid: Address, locators: readonly Address[], name: string, ttl: number): void {
    const key = addressKey(ulid);
    this.#entries.delete(key);
    this.#entries.set(key, { locators, name, expiry: now + ttl * 1000 });
    if (this.#entries.size > this.#capacity) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest!);
    }
  }

  lookup(now: number, ulid: Address): KnownLocators | undefined {
    const key = addressKey(ulid);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiry <= now) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }
}
