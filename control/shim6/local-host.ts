/** Our side of contexts: a host, its locators, and what of them peers were told. Shared by all its contexts. */
import { type Address, addressKey, equalAddress, formatAddress } from '../wire/ipv6/address.ts';
import type { Option } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Peer } from './peer.ts';

export interface LocalLocator {
  readonly address: Address;
  /** Its uplink is up. */
  readonly usable: boolean;
  /** As in DNS SRV, 0..255: lower is better. */
  readonly priority: number;
  /** 0..255. */
  readonly weight: number;
  /** Less stable than the others, as a mobile host's care-of address is. */
  readonly transient?: boolean;
}

export interface LocalHost {
  readonly ulid: Address;
  readonly locators: readonly LocalLocator[];
}

/** What was said of a host cannot be announced: a preference outside 0..255, no locators or too many, one twice. */
export class LocalHostError extends Error {
  readonly ulid: Address;
  constructor(ulid: Address, detail: string) {
    super(`host ${formatAddress(ulid)}: ${detail}`);
    this.name = 'LocalHostError';
    this.ulid = ulid;
  }
}

/** Throws LocalHostError. */
export function checkHost({ ulid, locators }: LocalHost, maximumLocators: number): void {
  const isOctet = (value: number) => Number.isInteger(value) && value >= 0 && value <= 255;
  if (locators.length === 0 || locators.length > maximumLocators) {
    throw new LocalHostError(ulid, `${locators.length} locators, 1 to ${maximumLocators} are possible`);
  }
  if (new Set(locators.map((locator) => addressKey(locator.address))).size < locators.length) {
    throw new LocalHostError(ulid, 'a locator is given twice');
  }
  if (!locators.every(({ priority, weight }) => isOctet(priority) && isOctet(weight))) {
    throw new LocalHostError(ulid, 'priority and weight are whole numbers from 0 to 255');
  }
}

/** A state of a host's locators as one message tells it. Immutable but for what is computed from it. */
export class Announcement {
  /** Of the list of addresses; preferences may differ between announcements of a generation. */
  readonly generation: number;
  readonly locators: readonly LocalLocator[];
  options: readonly Option[] | undefined = undefined;
  /** Announcements that tell less of the same, for messages too short for all of it. */
  abridged: Map<string, Announcement> | undefined = undefined;

  constructor(generation: number, locators: readonly LocalLocator[]) {
    this.generation = generation;
    this.locators = locators;
  }
}

export class Host {
  readonly ulid: Address;
  readonly key: string;
  current: Announcement;
  /** The default context with each peer. Hosts are many, and most have none. */
  #contexts: Map<Peer, Context> | undefined;
  /** Forked contexts, which few hosts have, by peer and Forked Instance Identifier. */
  forks: Map<Peer, Map<number, Context>> | undefined = undefined;
  /** Handshakes under way and failures held down. */
  unfinished = 0;

  constructor(ulid: Address, locators: readonly LocalLocator[], generation: number) {
    this.ulid = ulid;
    this.key = addressKey(ulid);
    this.current = new Announcement(generation, locators);
  }

  *allContexts(): IterableIterator<Context> {
    if (this.#contexts !== undefined) yield* this.#contexts.values();
    if (this.forks !== undefined) for (const forks of this.forks.values()) yield* forks.values();
  }

  /** Calls `visit` for every default context, which it may delete. */
  visitContexts(visit: (context: Context) => void): void {
    this.#contexts?.forEach(visit);
  }

  contextWith(peer: Peer, fork: number): Context | undefined {
    return fork === 0 ? this.#contexts?.get(peer) : this.forks?.get(peer)?.get(fork);
  }

  addContext(context: Context): void {
    const { peerHost, fork } = context;
    if (fork === 0) {
      this.#contexts ??= new Map();
      this.#contexts.set(peerHost, context);
      return;
    }
    this.forks ??= new Map();
    const forks = this.forks.get(peerHost) ?? new Map<number, Context>();
    this.forks.set(peerHost, forks.set(fork, context));
  }

  deleteContext({ peerHost, fork }: Context): void {
    if (fork === 0) {
      this.#contexts?.delete(peerHost);
      return;
    }
    const forks = this.forks?.get(peerHost);
    forks?.delete(fork);
    if (forks?.size === 0) this.forks?.delete(peerHost);
  }

  hasLocator(address: Address): boolean {
    return listsAddress(this.current.locators, address);
  }

  /** Addresses of the usable locators, best first. */
  usableLocators(): Address[] {
    const usable = this.current.locators.filter((locator) => locator.usable);
    return usable.sort((first, second) => first.priority - second.priority).map((locator) => locator.address);
  }
}

export function listsAddress(locators: readonly { readonly address: Address }[], address: Address): boolean {
  for (const locator of locators) if (equalAddress(locator.address, address)) return true;
  return false;
}

/** The same addresses in the same order: one generation covers both. */
export function sameAddresses(first: readonly LocalLocator[], second: readonly LocalLocator[]): boolean {
  return (
    first.length === second.length &&
    first.every((locator, index) => equalAddress(locator.address, second[index]!.address))
  );
}

/** The peer learns nothing from the one that the other did not say. */
export function sameAnnouncement(first: Announcement, second: Announcement): boolean {
  if (first === second) return true;
  return (
    first.generation === second.generation &&
    first.locators.every((locator, index) => {
      const other = second.locators[index]!;
      return (
        locator.usable === other.usable &&
        (locator.transient ?? false) === (other.transient ?? false) &&
        locator.priority === other.priority &&
        locator.weight === other.weight
      );
    })
  );
}
