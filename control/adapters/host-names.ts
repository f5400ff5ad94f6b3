/** The site's hosts by name, as they come and go. */
import type { HostListener } from '../site/host-registry.ts';
import type { SiteHost } from '../site/hosts.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { nameKey, parseName } from '../wire/dns/name.ts';
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

  /** `key`: nameKey of the name. */
  find(key: string): Address | undefined {
    return this.#ulids.get(key);
  }

  #add({ name, ulid }: SiteHost): void {
    this.#remove(ulid);
    if (name === undefined) return;
    const key = keyOf(name);
    if (key === undefined) return;
    this.#ulids.set(key, ulid);
    this.#names.set(addressKey(ulid), key);
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

/** Undefined of a host whose name is none that the DNS could ask for. */
function keyOf(name: string): string | undefined {
  try {
    return nameKey(parseName(name));
  } catch (error) {
    if (!(error instanceof DnsDecodeError)) throw error;
    return undefined;
  }
}
