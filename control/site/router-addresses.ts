/** The box's own addresses toward its providers: what its ICMPv6 errors come from (RFC 4443 §2.2). */
import type { AddressInfo, Netlink } from '../../native/linux/index.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { containsAddress, type Prefix } from '../wire/ipv6/prefix.ts';

/** Milliseconds for which what the kernel said is taken for true. */
const LIFETIME = 1_000;

export class RouterAddresses {
  readonly #netlink: Pick<Netlink, 'addresses'>;
  #known: readonly AddressInfo[] = [];
  #until = Number.NEGATIVE_INFINITY;

  constructor(netlink: Pick<Netlink, 'addresses'>) {
    this.#netlink = netlink;
  }

  /** A global address of the interface; undefined while it has none. */
  of(now: number, ifindex: number): Address | undefined {
    return this.#usable(now).find((row) => row.ifindex === ifindex)?.address;
  }

  /** A global address that the box has, on whatever interface, out of a prefix; undefined while it has none. */
  within(now: number, prefix: Prefix): Address | undefined {
    return this.#usable(now).find(({ address }) => containsAddress(prefix, address))?.address;
  }

  /** In the kernel's order: the first of an interface stays. */
  #usable(now: number): readonly AddressInfo[] {
    if (now >= this.#until) {
      this.#known = this.#netlink
        .addresses()
        .filter(({ scope, tentative, duplicate }) => scope === 'global' && !tentative && !duplicate);
      this.#until = now + LIFETIME;
    }
    return this.#known;
  }
}
