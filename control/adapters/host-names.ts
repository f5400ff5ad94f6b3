/** The site's hosts by name, as they come and go. */
import type { HostListener } from '../site/host-registry.ts';
import type { SiteHost } from '../site/hosts.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';

export interface Hosts {
  readonly live: ReadonlyMap<string, SiteHost>;
  listen(listener: HostListener): void;
}

export class HostNames {
  readonly #ulids = new Map<string, Address>();
  /** By addressKey of the CMULA: hosts are renamed. */
  readonly #names = new Map<string, string>();

  constructor(hosts: Hosts) {
    for (const host of hosts.live.values()) this.#add(host);
    hosts.listen({ onHost: (host) => this.#add(host), onGone: (host) => this.#remove(host.ulid) });
  }

  /** `name`: lower case, no final dot. */
  find(name: string): Address | undefined {
    return this.#ulids.get(name);
  }

  #add({ name, ulid }: SiteHost): void {
    this.#remove(ulid);
    if (name === undefined) return;
    const normal = name.toLowerCase().replace(/\.$/, '');
    this.#ulids.set(normal, ulid);
    this.#names.set(addressKey(ulid), normal);
  }

  /** The name may be another's by now. */
  #remove(ulid: Address): void {
    const key = addressKey(ulid);
    const name = this.#names.get(key);
    if (name === undefined) return;
    this.#names.delete(key);
    const holder = this.#ulids.get(name);
    if (holder !== undefined && addressKey(holder) === key) this.#ulids.delete(name);
  }
}
