/** Where the site's hosts are on the inside: their neighbours' entries, followed, and asked for when a host is heard of. */
import type { Config } from '../config/schema.ts';
import type { HostLink } from '../dataplane/ingress-table.ts';
import { SettingsLimits } from '../dataplane/layout.generated.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { formatMac, type MacAddress } from '../wire/ipv6/header.ts';
import type { SiteHost } from './hosts.ts';
import type { InterfaceFacts } from './kernel-watcher.ts';

export interface HostEthernet {
  readonly ifindex: number;
  readonly source: MacAddress;
  readonly destination: MacAddress;
  /** 0: untagged. */
  readonly vlan: number;
}

export interface HostLinksOptions {
  readonly inside: Config['inside'];
  readonly hosts: ReadonlyMap<string, SiteHost>;
  readonly facts: (interfaceName: string) => InterfaceFacts | undefined;
  /** Has the kernel find a neighbour. */
  readonly ask: (ifindex: number, address: Address) => void;
  /** A host was found on the inside, or moved there. */
  readonly onHostMoved: (host: SiteHost) => void;
}

/** Port number in the data path of an inside interface: those of uplinks come before. */
export const insidePort = (index: number): number => SettingsLimits.MAX_UPLINKS + index;

/**
 * Hosts asked for per tick. The kernel keeps each that does not answer for 3 s (RFC 4861 §7.2.2), where it cannot drop
 * it for another's sake, in a table for which 1024 neighbours are too many (neigh.default.gc_thresh3): hosts that are
 * away must leave room for those that are there, and for the providers' routers.
 */
const HOSTS_PER_TICK = 6;

export class HostLinks {
  readonly #options: HostLinksOptions;
  /** By addressKey of the ULID. */
  readonly #links = new Map<string, HostLink>();
  /** ULIDs of hosts that have been heard of, and are to be asked for; by addressKey. */
  readonly #expected = new Map<string, Address>();

  constructor(options: HostLinksOptions) {
    this.#options = options;
  }

  of(ulid: Address): HostLink | undefined {
    return this.#links.get(addressKey(ulid));
  }

  /** How frames to a host begin, and the interface they leave by; undefined while it is not known where it is. */
  ethernet(ulid: Address): HostEthernet | undefined {
    const { inside, facts } = this.#options;
    const link = this.of(ulid);
    const entry = link && inside[link.port - insidePort(0)];
    const device = entry && facts(entry.interface);
    if (link === undefined || device === undefined) return undefined;
    return { ifindex: device.attachIfindex, source: device.mac, destination: link.mac, vlan: device.vlan };
  }

  /** `mac` undefined: nobody has the address there any more. */
  onNeighbour(ifindex: number, address: Address, mac: MacAddress | undefined): void {
    const { hosts, inside, facts, onHostMoved } = this.#options;
    const key = addressKey(address);
    const host = hosts.get(key);
    const index = inside.findIndex((entry) => facts(entry.interface)?.ifindex === ifindex);
    if (host === undefined || index < 0) return;
    const known = this.#links.get(key);
    const port = insidePort(index);
    if (mac === undefined) {
      if (!this.#links.delete(key)) return;
    } else {
      if (known?.port === port && formatMac(known.mac) === formatMac(mac)) return;
      this.#links.set(key, { port, mac });
    }
    onHostMoved(host);
  }

  /**
   * A host of the site is there, as it has asked or sent something: where, errors about its packets need to know. Others
   * are not asked for. Packets to one that is about to come up wait while the kernel asks, three times, and are lost if it
   * was asked for too early; without that they ask for themselves, in time.
   */
  expect(ulid: Address): void {
    const key = addressKey(ulid);
    if (!this.#links.has(key)) this.#expected.set(key, ulid);
  }

  /** Asks for hosts that are there. With several inside interfaces nobody knows which one a host is on. */
  step(): void {
    if (this.#expected.size === 0) return;
    const { inside, facts, ask } = this.#options;
    const device = facts(inside[0]!.interface);
    if (!device?.carrier || inside.length > 1) return this.#expected.clear();
    let left = HOSTS_PER_TICK;
    for (const [key, ulid] of this.#expected) {
      this.#expected.delete(key);
      if (this.#links.has(key)) continue;
      ask(device.ifindex, ulid);
      if (--left === 0) return;
    }
  }

  /** The host is served no more. */
  forget(ulid: Address): void {
    this.#links.delete(addressKey(ulid));
    this.#expected.delete(addressKey(ulid));
  }
}
