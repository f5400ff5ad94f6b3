/** The box's own addresses toward its providers: what its ICMPv6 errors come from (RFC 4443 §2.2). */
import type { Netlink } from '../../native/linux/index.ts';
import type { Address } from '../wire/ipv6/address.ts';

/** Milliseconds for which what the kernel said is taken for true. */
const LIFETIME = 1_000;

export class RouterAddresses {
  readonly #netlink: Pick<Netlink, 'addresses'>;
  #known = new Map<number, Address>();
  #until = Number.NEGATIVE_INFINITY;

  constructor(netlink: Pick<Netlink, 'addresses'>) {
    this.#netlink = netlink;
  }

  /** A global address of the interface; undefined while it has none. */
  of(now: number, ifindex: number): Address | undefined {
    if (now >= this.#until) {
      const usable = this.#netlink
        .addresses()
        .filter(({ scope, tentative, duplicate }) => scope === 'global' && !tentative && !duplicate);
      // The first of an interface stays.
      this.#known = new Map(usable.reverse().map((row) => [row.ifindex, row.address]));
      this.#until = now + LIFETIME;
    }
    return this.#known.get(ifindex);
  }
}
