/**
 * What Packet Too Big told of the ways to peers' locators (RFC 8201), kept in the data path's map `path_mtu`. Bounded:
 * where there is no more room the oldest goes.
 */
import { type Address, addressFromKey, addressKey } from '../wire/ipv6/address.ts';
import { MINIMUM_MTU } from '../wire/ipv6/header.ts';

/** The data path's side. */
export interface PathMtuTable {
  set(uplink: number, destination: Address, mtu: number): void;
  delete(uplink: number, destination: Address): void;
  /** How many there are, after each change. */
  count(entries: number): void;
}

/** RFC 8201 §4: an estimate is not raised sooner than 5 minutes after it was lowered, and §5.3 suggests 10. */
export const PATH_MTU_LIFETIME = 600_000;

interface Estimate {
  readonly mtu: number;
  /** Milliseconds. */
  readonly until: number;
}

export class PathMtus {
  readonly #table: PathMtuTable;
  readonly #capacity: number;
  /** In the order of their ends. */
  readonly #estimates = new Map<string, Estimate>();

  constructor(table: PathMtuTable, capacity: number) {
    this.#table = table;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#estimates.size;
  }

  /** True when that is news: no message raises an estimate, or lowers it below 1280 octets (RFC 8201 §4). */
  learn(now: number, uplink: number, destination: Address, mtu: number): boolean {
    if (mtu < MINIMUM_MTU) return false;
    const key = keyOf(uplink, destination);
    const known = this.#estimates.get(key);
    const isNews = known === undefined || mtu < known.mtu;
    this.#estimates.delete(key);
    if (this.#estimates.size >= this.#capacity) this.#forget(this.#estimates.keys().next().value!);
    // Whatever it says, larger packets are not tried soon after a message (RFC 8201 §4).
    this.#estimates.set(key, { mtu: isNews ? mtu : known.mtu, until: now + PATH_MTU_LIFETIME });
    if (!isNews) return false;
    this.#table.set(uplink, destination, mtu);
    this.#table.count(this.size);
    return true;
  }

  /** Tries larger packets again where an estimate has become old. */
  expire(now: number): void {
    for (const [key, { until }] of this.#estimates) {
      if (until > now) return;
      this.#forget(key);
    }
  }

  /** The uplink is another provider's from now on. */
  forgetUplink(uplink: number): void {
    for (const key of [...this.#estimates.keys()]) if (key.charCodeAt(0) === uplink) this.#forget(key);
  }

  #forget(key: string): void {
    this.#estimates.delete(key);
    this.#table.delete(key.charCodeAt(0), addressFromKey(key, 1));
    this.#table.count(this.size);
  }
}

const keyOf = (uplink: number, destination: Address): string =>
  String.fromCharCode(uplink) + addressKey(destination);
