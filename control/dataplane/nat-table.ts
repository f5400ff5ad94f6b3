/** NATv6 in the data path: struct nat and the maps nat_locators and nat_hosts of bpf/layout.h. */
import type { BpfMap } from '../../native/libbpf/index.ts';
import { type Address, addressKey, equalAddress } from '../wire/ipv6/address.ts';
import { checksumDelta } from '../wire/ipv6/checksum-delta.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';
import type { HostLink } from './ingress-table.ts';
import {
  Nat,
  NatFlags,
  NatHost,
  NatLimits,
  NatLocator,
  NatLocatorKey,
  Prefix as PrefixLayout,
  SettingsLimits,
  TableLimits,
} from './layout.generated.ts';
import { MapWrites } from './map-writes.ts';

export interface NatPolicy {
  /** A segment of a TCP connection whose provider is down goes by another, and nobody is told. */
  readonly silent: boolean;
  /** HASH_WORDS odd words that never change. */
  readonly hashKey: BigUint64Array;
}

/** A locator, and the uplink of the provider that delegated it. */
export interface NatLocatorOf {
  readonly address: Address;
  readonly uplink: number;
}

interface Translated {
  readonly ulid: Address;
  readonly locators: readonly NatLocatorOf[];
  readonly link: HostLink | undefined;
}

export class NatTable {
  readonly #memory: Uint8Array;
  readonly #locators: MapWrites;
  readonly #hosts: MapWrites;
  /** What is in the maps, by addressKey of the CMULA. */
  readonly #translated = new Map<string, Translated>();

  /** `defer`: calls back before packets of hosts that were just set are expected; at once when absent. */
  constructor(
    memory: Uint8Array,
    locators: BpfMap,
    hosts: BpfMap,
    defer: (flush: () => void) => void = (flush) => flush(),
  ) {
    this.#memory = memory;
    this.#locators = new MapWrites(locators, defer);
    this.#hosts = new MapWrites(hosts, defer);
  }

  /** Locators for which the maps had no room: their hosts are translated by others of theirs, or not at all. */
  get refused(): number {
    return this.#hosts.refused + this.#locators.refused;
  }

  /** Everything that was set is in the maps. */
  flush(): void {
    this.#hosts.flush();
    this.#locators.flush();
  }

  /** The maps are about to go: nothing is written any more. */
  close(): void {
    this.#hosts.close();
    this.#locators.close();
  }

  enable({ silent, hashKey }: NatPolicy): void {
    for (const [index, word] of hashKey.entries())
      this.#view.setBigUint64(Nat.hashKey + index * 8, word, true);
    const flags = NatFlags.NAT_ENABLED | (silent ? NatFlags.NAT_SILENT : 0);
    this.#view.setUint32(Nat.flags, flags, true);
  }

  /** Destinations in there are no peers: they are the site's own. */
  setProviderPrefixes(prefixes: readonly Prefix[]): void {
    if (prefixes.length > SettingsLimits.MAX_UPLINKS)
      throw new RangeError(`${prefixes.length} prefixes where ${SettingsLimits.MAX_UPLINKS} fit`);
    for (const [index, prefix] of prefixes.entries()) {
      const at = Nat.providerPrefix + index * PrefixLayout.size;
      this.#memory.set(prefix.address, at + PrefixLayout.address);
      this.#view.setUint32(at + PrefixLayout.length, prefix.length, true);
    }
    this.#view.setUint32(Nat.providerPrefixes, prefixes.length, true);
  }

  /** For each of NAT_BUCKETS buckets its uplinks, the best first, at most NAT_CHOICES. */
  setChoices(choices: readonly (readonly number[])[]): void {
    for (const [bucket, uplinks] of choices.entries()) {
      const list = Array.from(
        { length: NatLimits.NAT_CHOICES },
        (_, place) => uplinks[place] ?? TableLimits.UPLINK_NONE,
      );
      // One store, so that no packet meets half a list.
      this.#view.setBigUint64(
        Nat.choice + bucket * NatLimits.NAT_CHOICES,
        new DataView(Uint8Array.from(list).buffer).getBigUint64(0, true),
        true,
      );
    }
  }

  /** The host is translated, by these locators and no others; `link` is where it is, once that is known. */
  setHost(ulid: Address, locators: readonly NatLocatorOf[], link: HostLink | undefined): void {
    const key = addressKey(ulid);
    const before = this.#translated.get(key);
    const now = { ulid, locators, link };
    if (before !== undefined && same(before, now)) return;
    this.#translated.set(key, now);
    for (const locator of locators) {
      this.#hosts.set(locator.address, hostValue(ulid, locator, link));
      this.#locators.set(locatorKey(ulid, locator.uplink), locatorValue(ulid, locator.address));
    }
    for (const gone of before?.locators ?? []) {
      if (!locators.some(({ address }) => equalAddress(address, gone.address)))
        this.#hosts.delete(gone.address);
      if (!locators.some(({ uplink }) => uplink === gone.uplink))
        this.#locators.delete(locatorKey(ulid, gone.uplink));
    }
  }

  removeHost(ulid: Address): void {
    this.setHost(ulid, [], undefined);
    this.#translated.delete(addressKey(ulid));
  }

  /** CMULAs of the hosts that are translated. */
  get hosts(): readonly Address[] {
    return [...this.#translated.values()].map((row) => row.ulid);
  }

  get #view(): DataView {
    return new DataView(this.#memory.buffer, this.#memory.byteOffset, Nat.size);
  }
}

function same(first: Translated, second: Translated): boolean {
  const [one, other] = [first.link, second.link];
  return (
    first.locators.length === second.locators.length &&
    first.locators.every(
      ({ address, uplink }, index) =>
        uplink === second.locators[index]!.uplink && equalAddress(address, second.locators[index]!.address),
    ) &&
    one?.port === other?.port &&
    (one === undefined || one.mac.every((octet, index) => octet === other!.mac[index]))
  );
}

const room = (size: number) => {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
};
/** The kernel copies keys and values in the call: each of these is filled anew for the next. */
const scratch = { key: room(NatLocatorKey.size), locator: room(NatLocator.size), host: room(NatHost.size) };

function locatorKey(ulid: Address, uplink: number): Uint8Array {
  const { bytes, view } = scratch.key;
  bytes.set(ulid, NatLocatorKey.ulid);
  view.setUint32(NatLocatorKey.uplink, uplink, true);
  return bytes;
}

function locatorValue(ulid: Address, locator: Address): Uint8Array {
  const { bytes, view } = scratch.locator;
  bytes.set(locator, NatLocator.locator);
  view.setUint16(NatLocator.delta, checksumDelta(ulid, locator));
  return bytes;
}

function hostValue(ulid: Address, { address, uplink }: NatLocatorOf, link: HostLink | undefined): Uint8Array {
  const { bytes, view } = scratch.host;
  bytes.fill(0);
  bytes.set(ulid, NatHost.ulid);
  view.setUint16(NatHost.delta, checksumDelta(address, ulid));
  if (link !== undefined) bytes.set(link.mac, NatHost.hostMac);
  bytes[NatHost.port] = link?.port ?? TableLimits.PORT_NONE;
  bytes[NatHost.uplink] = uplink;
  return bytes;
}
