/**
 * Addresses that were advertised and not yet requested. Forgetting one costs nothing but that its client gets another;
 * so their number is bounded and the oldest goes first.
 */
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import type { Candidate } from './leases.ts';

interface Offer {
  readonly candidate: Candidate;
  readonly until: number;
}

export class Offers {
  readonly #capacity: number;
  /** Milliseconds. */
  readonly #patience: number;
  readonly #forget: (candidate: Candidate, full: boolean) => void;
  readonly #offers = new Map<string, Offer>();
  readonly #addresses = new Set<string>();
  #order = this.#offers.keys();
  #oldest: string | undefined;

  constructor(capacity: number, patience: number, forget: (candidate: Candidate, full: boolean) => void) {
    this.#capacity = capacity;
    this.#patience = patience;
    this.#forget = forget;
  }

  get size(): number {
    return this.#offers.size;
  }

  get(key: string): Candidate | undefined {
    return this.#offers.get(key)?.candidate;
  }

  has(address: Address): boolean {
    return this.#addresses.has(addressKey(address));
  }

  /** Makes the offer, or makes it younger. */
  put(key: string, candidate: Candidate, now: number): void {
    this.taken(key);
    if (this.#offers.size >= this.#capacity) this.#forgetFirst(true);
    this.#offers.set(key, { candidate, until: now + this.#patience });
    this.#addresses.add(addressKey(candidate.ulid));
  }

  /** The address has its owner: the book knows of it from now on. */
  taken(key: string): void {
    const offer = this.#offers.get(key);
    if (offer === undefined) return;
    if (key === this.#oldest) this.#oldest = undefined;
    this.#offers.delete(key);
    this.#addresses.delete(addressKey(offer.candidate.ulid));
  }

  expire(now: number): void {
    for (let key = this.#first(); key !== undefined; key = this.#first()) {
      if (this.#offers.get(key)!.until > now) return;
      this.#forgetFirst(false);
    }
  }

  /** The oldest key. One iterator is kept: a new one would step over all that was deleted before, each time. */
  #first(): string | undefined {
    if (this.#oldest !== undefined || this.#offers.size === 0) return this.#oldest;
    let next = this.#order.next();
    if (next.done) {
      this.#order = this.#offers.keys();
      next = this.#order.next();
    }
    this.#oldest = next.value;
    return this.#oldest;
  }

  #forgetFirst(full: boolean): void {
    const key = this.#first()!;
    const { candidate } = this.#offers.get(key)!;
    this.taken(key);
    this.#forget(candidate, full);
  }
}
