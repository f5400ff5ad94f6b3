/**
 * What the DNS said about ULIDs: where a context to each may start. Nothing here is trusted beyond that: a
 * handshake with a wrong locator fails, because the peer has to prove that the locators are its ULID's. A
 * context that stands never looks here: the peer's own signed list rules.
 *
 * Whoever owns a name can claim any ULID for it. What different names say of a ULID is kept side by side, so
 * that no name can take the true locators away.
 */
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { TtlCache } from './ttl-cache.ts';

export interface KnownLocators {
  /** Of all names, the latest first. */
  readonly locators: readonly Address[];
  /** The latest name, presentation form. */
  readonly name: string;
  /** Of what that name said: milliseconds on the caller's clock. */
  readonly expiry: number;
}

interface Claim {
  readonly name: string;
  readonly locators: readonly Address[];
  readonly expiry: number;
}

/** Names remembered of one ULID, and locators given of it. */
const MAX_CLAIMS = 4;
const MAX_LOCATORS = 16;

export class LocatorCache {
  readonly #entries: TtlCache<readonly Claim[]>;

  /** `capacity`: ULIDs remembered. */
  constructor(capacity: number) {
    this.#entries = new TtlCache(capacity);
  }

  /** Those that have expired included, until others take their place. */
  get size(): number {
    return this.#entries.size;
  }

  /** The latest answer replaces what was known from that name. `ttl` in seconds. */
  learn(now: number, ulid: Address, locators: readonly Address[], name: string, ttl: number): void {
    const key = addressKey(ulid);
    const claim: Claim = { name, locators, expiry: now + ttl * 1000 };
    const others = this.#claims(now, key).filter((other) => other.name !== name);
    const claims = [claim, ...others].slice(0, MAX_CLAIMS);
    this.#entries.set(key, claims, Math.max(...claims.map(({ expiry }) => expiry)));
  }

  /** Whether anything is known of the ULID. */
  has(now: number, ulid: Address): boolean {
    return this.#entries.get(now, addressKey(ulid)) !== undefined;
  }

  lookup(now: number, ulid: Address): KnownLocators | undefined {
    const claims = this.#claims(now, addressKey(ulid));
    const [latest] = claims;
    if (latest === undefined) return undefined;
    return {
      locators: interleave(claims.map(({ locators }) => locators)),
      name: latest.name,
      expiry: latest.expiry,
    };
  }

  #claims(now: number, key: string): readonly Claim[] {
    return (this.#entries.get(now, key)?.value ?? []).filter(({ expiry }) => expiry > now);
  }
}

/** One of each list in turn, without repetition: none waits behind all of another's. */
function interleave(lists: readonly (readonly Address[])[]): readonly Address[] {
  if (lists.length === 1) return lists[0]!;
  const found = new Map<string, Address>();
  const longest = Math.max(...lists.map((list) => list.length));
  for (let index = 0; index < longest; index++) {
    for (const list of lists) {
      const address = list[index];
      if (address !== undefined && found.size < MAX_LOCATORS) found.set(addressKey(address), address);
    }
  }
  return [...found.values()];
}
