/** How often ICMPv6 errors go to one source (RFC 4443 §2.4 (f)). Pure. */
import { type Address, addressKey } from '../wire/ipv6/address.ts';

/** Least time between two errors to one source, milliseconds. */
const ERROR_INTERVAL = 10;
const SOURCES_KEPT = 4096;

/** Bounded memory: the sources unheard of for longest are forgotten first. */
export class ErrorLimiter {
  readonly #last = new Map<string, number>();
  refused = 0;

  admits(now: number, source: Address): boolean {
    const key = addressKey(source);
    const last = this.#last.get(key);
    if (last !== undefined && now - last < ERROR_INTERVAL) {
      this.refused++;
      return false;
    }
    this.#last.delete(key);
    this.#last.set(key, now);
    if (this.#last.size > SOURCES_KEPT) this.#last.delete(this.#last.keys().next().value!);
    return true;
  }
}
