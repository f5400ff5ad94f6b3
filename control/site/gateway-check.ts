/**
 * Has the kernel confirm, now and then, that the providers' routers are there (RFC 4861 §7.3): it does so by itself
 * only for what it sends itself, and the data path sends past it.
 */
import type { Netlink, SyscallError } from '../../native/linux/index.ts';
import type { Log } from '../observe/log.ts';
import { formatAddress } from '../wire/ipv6/address.ts';
import type { Uplink } from './uplinks.ts';

export class GatewayCheck {
  readonly #netlink: Netlink;
  readonly #log: Log;
  /** When an uplink's router was last asked for, by the uplink's index. */
  readonly #asked = new Map<number, number>();

  constructor(netlink: Netlink, log: Log) {
    this.#netlink = netlink;
    this.#log = log;
  }

  /** Asks for the routers that it is time for; the answers come as events of neighbours. */
  step(at: number, uplinks: readonly Uplink[]): void {
    for (const uplink of uplinks) {
      const { index, provider, link, gateway } = uplink;
      if (!link?.carrier || gateway === undefined || uplink.gatewayIsFixed) continue;
      if (at - (this.#asked.get(index) ?? 0) < provider.liveness.neighbour.interval * 1000) continue;
      this.#asked.set(index, at);
      try {
        // PROBE: unicast solicitations now, three of them a second apart, and FAILED if none is answered.
        const { ifindex } = link;
        this.#netlink.setNeighbour({ ifindex, address: provider.gateway, mac: gateway, state: 'probe' });
      } catch (error) {
        const reason = (error as SyscallError).message;
        this.#log.debug('kernel-refused', { address: formatAddress(provider.gateway), reason });
      }
    }
  }
}
