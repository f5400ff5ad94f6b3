/**
 * The site's hosts as they come and go: those of the configuration and those that hold a lease. What must be remembered
 * is in the store before anybody is told; what is here is what the box serves now.
 */
import { BoundedMap } from '../limits/bounded-map.ts';
import type { AddressParts, Binding, HbaParts, Reservation } from '../store/records.ts';
import type { Change, Store, StoreContents } from '../store/store.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { combine, type Prefix } from '../wire/ipv6/prefix.ts';
import { type HostIdentity, type HostLocator, identityOf, type SiteHost } from './hosts.ts';
import { ended, isHandedOn, type LeaseChange, quarantined } from './lease-changes.ts';
import { LeaseIndex } from './lease-index.ts';
import { type LocatorRule, LocatorTable, locatorFor } from './locators.ts';
import type { ModifierPool } from './modifier-pool.ts';
import type { ProviderList, SiteProvider } from './provider-list.ts';

export interface HostListener {
  /** A host is served from now on, or has other locators than before. */
  readonly onHost: (host: SiteHost) => void;
  readonly onGone: (host: SiteHost) => void;
}

/** An address that nobody has; its modifier is taken out of the pool. */
export interface NewAddress extends AddressParts {
  readonly ulid: Address;
}

export interface HostRegistryOptions {
  readonly store: Store;
  readonly contents: StoreContents;
  readonly configured: readonly HostIdentity[];
  readonly providers: ProviderList;
  readonly publicKey: Uint8Array;
  readonly rule: LocatorRule;
  /** Whether new addresses are members of HBA sets. */
  readonly hba: boolean;
  readonly pool: ModifierPool;
}

/** Addresses whose identity is remembered until they are bound. */
const MADE = 4096;

export class HostRegistry {
  readonly locators = new LocatorTable();
  readonly leases: LeaseIndex;
  readonly #options: HostRegistryOptions;
  readonly #hosts = new Map<string, SiteHost>();
  readonly #configured: ReadonlySet<string>;
  readonly #listeners: HostListener[] = [];
  /** What `newAddress` made lately: of most of it a client is given a lease at once, and its hash is needed again. */
  readonly #made = new BoundedMap<HostIdentity>(MADE);

  /** Nothing is served before `start`. */
  constructor(options: HostRegistryOptions) {
    this.#options = options;
    const { contents, configured } = options;
    for (const record of contents.locators) this.locators.add(record);
    this.leases = new LeaseIndex(contents);
    this.#configured = new Set(configured.map(({ ulid }) => addressKey(ulid)));
    for (const { name, ulid, parts, client } of configured)
      this.leases.putReservation({ ...parts, name: name!, ulid, ...client });
  }

  /** Serves the hosts of the configuration and those whose lease stands. Rejects with StoreError. */
  async start(): Promise<void> {
    const { configured, publicKey } = this.#options;
    const bound = [...this.leases.bindings()].filter(({ state }) => state === 'bound');
    const hosts = bound.map((binding) => identityOf(binding.name, binding, publicKey));
    const names = new Set(configured.map(({ name }) => name));
    const byHand = [...this.leases.reservations()]
      .filter((reservation) => isByHand(reservation) && !names.has(reservation.name))
      .map((reservation) => identityOf(reservation.name, reservation, publicKey));
    const all = [...configured, ...byHand, ...hosts];
    await this.#options.store.commit(all.flatMap((host) => this.assignLocators(host)));
    for (const host of configured) this.#serve(host, 'configuration');
    for (const host of byHand) this.#serve(host, 'reservation');
    for (const host of hosts) if (!this.#hosts.has(addressKey(host.ulid))) this.#serve(host, 'lease');
  }

  listen(listener: HostListener): void {
    this.#listeners.push(listener);
  }

  /** By `addressKey` of the CMULA, and always up to date. */
  get live(): ReadonlyMap<string, SiteHost> {
    return this.#hosts;
  }

  /** Whether an address is a host's, somebody's locator, reserved, or in quarantine. */
  isTaken(address: Address): boolean {
    if (this.#hosts.has(addressKey(address)) || this.leases.isTaken(address)) return true;
    return this.locators.owner(address) !== undefined;
  }

  /** An address in the subnet that nobody has; undefined when the pool has no modifier ready. Never waits. */
  newAddress(subnet: Prefix): NewAddress | undefined {
    const { pool, publicKey, providers, rule } = this.#options;
    const hba = this.#setFor(subnet);
    const isFree = (host: HostIdentity): boolean => {
      if (this.isTaken(host.ulid)) return false;
      for (const { config } of providers.values())
        if (this.isTaken(locatorFor(rule, host, config.prefix, publicKey))) return false;
      return true;
    };
    for (;;) {
      const modifier = pool.take(hba);
      if (modifier === undefined) return undefined;
      // RFC 3972 §4, step 8; here the duplicates are those that the site knows of.
      for (let collisionCount = 0; collisionCount <= 2; collisionCount++) {
        const parts: AddressParts = { subnet, modifier, collisionCount, sec: pool.sec, ...(hba && { hba }) };
        const host = identityOf(undefined, parts, publicKey);
        if (!isFree(host)) continue;
        this.#made.set(addressKey(host.ulid), host);
        return { ...parts, ulid: host.ulid };
      }
    }
  }

  /** Begins to mine for addresses in the subnet, so that they are there when they are wanted. */
  prepare(subnet: Prefix): void {
    this.#options.pool.prepare(this.#setFor(subnet));
  }

  /** Of an address that `newAddress` made and that was not bound. */
  giveBack({ modifier, hba }: NewAddress): void {
    this.#options.pool.giveBack(hba, modifier);
  }

  /**
   * Remembers what happened to leases and serves their hosts, or no more. Resolves once it is durable: then a client may
   * be told. Rejects with StoreError, and nothing has changed.
   */
  async apply(changes: readonly LeaseChange[]): Promise<void> {
    const fresh = new Map<string, HostIdentity>();
    const records: Change[] = [];
    for (const change of changes) {
      records.push(...this.#recordsOf(change, changes));
      const host = change.kind === 'bind' ? this.#freshHost(change.lease) : undefined;
      if (host === undefined) continue;
      fresh.set(addressKey(host.ulid), host);
      records.push(...this.assignLocators(host));
    }
    try {
      await this.#options.store.commit(records);
    } catch (error) {
      for (const { ulid } of fresh.values()) if (!this.#isKept(ulid)) this.locators.remove(ulid);
      throw error;
    }
    for (const change of changes) this.#carryOut(change, changes, fresh);
  }

  /** The host of a lease that is not served yet. */
  #freshHost(lease: Binding): HostIdentity | undefined {
    const key = addressKey(lease.ulid);
    if (lease.state !== 'bound' || this.#hosts.has(key)) return undefined;
    const made = this.#made.get(key);
    return made === undefined
      ? identityOf(lease.name, lease, this.#options.publicKey)
      : { ...made, name: lease.name, parts: lease };
  }

  #recordsOf(change: LeaseChange, all: readonly LeaseChange[]): Change[] {
    switch (change.kind) {
      case 'bind': {
        const { lease } = change;
        // Of Sec 0 none is kept: they need no mining.
        const wasPooled = lease.sec > 0 && this.leases.bindingOf(lease.ulid) === undefined;
        const put: Change = { table: 'bindings', put: lease };
        return wasPooled ? [put, { table: 'modifiers', remove: lease }] : [put];
      }
      case 'release':
      case 'expire': {
        const lease = this.leases.bindingOf(change.address);
        return lease === undefined ? [] : [{ table: 'bindings', put: ended(lease, change.kind) }];
      }
      case 'decline':
        return [...this.#forgetting(change.address), { table: 'quarantine', put: quarantined(change) }];
      case 'remove':
        return isHandedOn(change.address, all)
          ? [{ table: 'bindings', remove: { ulid: change.address } }]
          : this.#forgetting(change.address);
    }
  }

  #carryOut(
    change: LeaseChange,
    all: readonly LeaseChange[],
    fresh: ReadonlyMap<string, HostIdentity>,
  ): void {
    switch (change.kind) {
      case 'bind':
        this.leases.put(change.lease);
        return this.#serveLease(change.lease, fresh.get(addressKey(change.lease.ulid)));
      case 'release':
      case 'expire': {
        const lease = this.leases.bindingOf(change.address);
        if (lease !== undefined) this.leases.put(ended(lease, change.kind));
        return this.#dismiss(change.address);
      }
      case 'decline':
        this.#forget(change.address);
        return this.leases.putQuarantine(quarantined(change));
      case 'remove':
        // Whoever is given it next keeps its locators, and packets keep coming.
        return isHandedOn(change.address, all)
          ? this.leases.remove(change.address)
          : this.#forget(change.address);
    }
  }

  /** Ends quarantines that are over. */
  async endQuarantine(now: number): Promise<void> {
    const over = [...this.leases.quarantine()].filter(({ until }) => until <= now);
    if (over.length === 0) return;
    await this.#options.store.commit(over.map((row) => ({ table: 'quarantine', remove: row })));
    for (const row of over) this.leases.removeQuarantine(row);
  }

  /**
   * Keeps an address for a host with a name. One that is for no client is of a host that has it by hand: it is served from
   * now on. Resolves once it is durable. Rejects with StoreError.
   */
  async reserve(reservation: Reservation): Promise<void> {
    const host = identityOf(reservation.name, reservation, this.#options.publicKey);
    const locators = isByHand(reservation) ? this.assignLocators(host) : [];
    try {
      await this.#options.store.commit([
        { table: 'reservations', put: reservation },
        { table: 'modifiers', remove: reservation },
        ...locators,
      ]);
    } catch (error) {
      if (!this.#isKept(host.ulid)) this.locators.remove(host.ulid);
      throw error;
    }
    this.leases.putReservation(reservation);
    if (isByHand(reservation)) this.#serve(host, 'reservation');
  }

  /** Resolves once it is durable. Rejects with StoreError. A lease of the address stands until it ends. */
  async removeReservation({ name, ulid }: Reservation): Promise<void> {
    const isServed = this.#hosts.get(addressKey(ulid))?.origin === 'reservation';
    const locators = isServed ? this.#withoutLocators(ulid) : [];
    await this.#options.store.commit([{ table: 'reservations', remove: { name } }, ...locators]);
    this.leases.removeReservation(name);
    if (!isServed) return;
    this.#dismiss(ulid);
    this.locators.remove(ulid);
  }

  /** Gives a host the locators that it lacks, for good; returns what must be stored before it is served with them. */
  assignLocators(host: Pick<HostIdentity, 'ulid' | 'parts'>): Change[] {
    const changes: Change[] = [];
    for (const provider of this.#options.providers.values()) {
      if (!this.#lacks(host.ulid, provider)) continue;
      const { name, prefix } = provider.config;
      const record = { ulid: host.ulid, provider: name, address: this.#freeLocator(host, prefix) };
      this.locators.add(record);
      changes.push({ table: 'locators', put: record });
    }
    return changes;
  }

  /** Tells everybody of all hosts' locators again, after providers came or went. */
  refresh(): void {
    for (const host of [...this.#hosts.values()]) this.#serve(host, host.origin);
  }

  #lacks(ulid: Address, { config: { name, prefix }, draining }: SiteProvider): boolean {
    const known = this.locators.find(ulid, name);
    // A provider that has another prefix by now is another, whatever its name.
    const stays = known !== undefined && addressKey(combine(prefix, known)) === addressKey(known);
    return !stays && !draining;
  }

  /** By the site's rule, and where that address is another host's, the next one that is nobody's. */
  #freeLocator(host: Pick<HostIdentity, 'ulid' | 'parts'>, prefix: Prefix): Address {
    const { rule, publicKey } = this.#options;
    const locator = new Uint8Array(locatorFor(rule, host, prefix, publicKey));
    while (this.locators.owner(locator) !== undefined) locator[15] = (locator[15]! + 1) & 0xff;
    return locator;
  }

  /** The HBA set of a subnet: its /64 and the same subnet in each provider's prefix. */
  #setFor(subnet: Prefix): HbaParts | undefined {
    if (!this.#options.hba) return undefined;
    const inProviders = [...this.#options.providers.values()]
      .filter(({ draining }) => !draining)
      .map(({ config }) => ({ address: combine(config.prefix, subnet.address), length: 64 }));
    return { prefixes: [subnet, ...inProviders] };
  }

  #serve(host: HostIdentity, origin: SiteHost['origin']): void {
    const locators: HostLocator[] = [];
    for (const { config } of this.#options.providers.values()) {
      const address = this.locators.find(host.ulid, config.name);
      if (address !== undefined) locators.push({ provider: config.name, address });
    }
    const { name, ulid, parameters, parts } = host;
    const served: SiteHost = { name, ulid, parameters, parts, locators, origin };
    this.#hosts.set(addressKey(ulid), served);
    for (const { onHost } of this.#listeners) onHost(served);
  }

  /** `fresh`: its identity, where it was not served before. */
  #serveLease({ ulid, name, state }: Binding, fresh: HostIdentity | undefined): void {
    const host = this.#hosts.get(addressKey(ulid));
    if (state !== 'bound') this.#dismiss(ulid);
    else if (host === undefined) this.#serve(fresh!, 'lease');
    else if (host.origin === 'lease' && host.name !== name) this.#serve({ ...host, name }, 'lease');
  }

  #dismiss(ulid: Address): void {
    const host = this.#hosts.get(addressKey(ulid));
    if (host === undefined || host.origin === 'configuration') return;
    this.#hosts.delete(addressKey(ulid));
    for (const { onGone } of this.#listeners) onGone(host);
  }

  /** Whether the address outlives a lease that came to nothing. */
  #isKept(ulid: Address): boolean {
    const key = addressKey(ulid);
    return this.#hosts.has(key) || this.leases.bindingOf(ulid) !== undefined || this.#configured.has(key);
  }

  #forgetting(ulid: Address): Change[] {
    if (this.leases.bindingOf(ulid) === undefined) return [];
    const removal: Change = { table: 'bindings', remove: { ulid } };
    // A host of the configuration keeps its locators, leased or not.
    if (this.#configured.has(addressKey(ulid))) return [removal];
    return [removal, ...this.#withoutLocators(ulid)];
  }

  #withoutLocators(ulid: Address): Change[] {
    const names = [...this.#options.providers.values()].map(({ config }) => config.name);
    return names.map((provider) => ({ table: 'locators', remove: { ulid, provider } }));
  }

  #forget(ulid: Address): void {
    this.leases.remove(ulid);
    this.#dismiss(ulid);
    if (!this.#isKept(ulid)) this.locators.remove(ulid);
  }
}

const isByHand = ({ duid, remoteId }: Reservation): boolean => duid === undefined && remoteId === undefined;
