/** Our hosts by ULID, and whose addresses are locators of ours. */
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import type { Announcement, Host, LocalLocator } from './local-host.ts';

export class HostTable {
  readonly #hosts = new Map<string, Host>();
  /** How many hosts have a locator: several may share one. */
  readonly #locators = new Map<string, number>();

  find(ulid: Address): Host | undefined {
    return this.#hosts.get(addressKey(ulid));
  }

  add(host: Host): void {
    this.#hosts.set(host.key, host);
    this.#countLocators(host.current.locators, 1);
  }

  remove(host: Host): void {
    this.#hosts.delete(host.key);
    this.#countLocators(host.current.locators, -1);
  }

  change(host: Host, next: Announcement): void {
    this.#countLocators(host.current.locators, -1);
    host.current = next;
    this.#countLocators(next.locators, 1);
  }

  isLocator(address: Address): boolean {
    return this.#locators.has(addressKey(address));
  }

  values(): IterableIterator<Host> {
    return this.#hosts.values();
  }

  #countLocators(locators: readonly LocalLocator[], change: 1 | -1): void {
    for (const { address } of locators) {
      const key = addressKey(address);
      const count = (this.#locators.get(key) ?? 0) + change;
      if (count === 0) this.#locators.delete(key);
      else this.#locators.set(key, count);
    }
  }
}
