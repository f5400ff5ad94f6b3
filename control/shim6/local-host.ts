/** Our side of contexts: a host, its locators, and what of them peers were told. Shared by all its contexts. */
import { type Address, addressKey, equalAddress, formatAddress } from '../wire/ipv6/address.ts';
import { type Option, PreferenceFlag, VerificationMethod } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';

export interface LocalLocator {
  readonly address: Address;
  /** Its uplink is up. */
  readonly usable: boolean;
  /** As in DNS SRV, 0..255: lower is better. */
  readonly priority: number;
  /** 0..255. */
  readonly weight: number;
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

/** A state of a host's locators as one message tells it. Immutable but for the options computed from it. */
export interface Announcement {
  /** Of the list of addresses; preferences may differ between announcements of a generation. */
  readonly generation: number;
  readonly locators: readonly LocalLocator[];
  options: readonly Option[] | undefined;
}

export class Host {
  readonly ulid: Address;
  readonly key: string;
  current: Announcement;
  readonly contexts = new Map<Peer, Context>();

  constructor(ulid: Address, locators: readonly LocalLocator[], generation: number) {
    this.ulid = ulid;
    this.key = addressKey(ulid);
    this.current = { generation, locators, options: undefined };
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
        locator.priority === other.priority &&
        locator.weight === other.weight
      );
    })
  );
}

/** Locator List, Locator Preferences, CGA Parameter Data Structure and CGA Signature, in this order. */
export function locatorOptions(core: Core, host: Host, announcement: Announcement): readonly Option[] {
  announcement.options ??= composeOptions(core, host, announcement);
  return announcement.options;
}

function composeOptions(core: Core, host: Host, { generation, locators }: Announcement): readonly Option[] {
  const addresses = locators.map((locator) => locator.address);
  return [
    {
      type: 'LocatorList',
      generation,
      locators: addresses.map((address) => ({ address, method: VerificationMethod.CGA })),
    },
    preferencesOption(generation, locators),
    { type: 'CgaParameterDataStructure', parameters: core.identity.parameters(host.ulid) },
    { type: 'CgaSignature', signature: core.identity.sign(host.ulid, generation, addresses) },
  ];
}

const preferencesOption = (generation: number, locators: readonly LocalLocator[]): Option => ({
  type: 'LocatorPreferences',
  generation,
  elementLength: 3,
  elements: locators.map(({ usable, priority, weight }) => ({
    flags: usable ? 0 : PreferenceFlag.BROKEN,
    priority,
    weight,
  })),
});

/** Just the Locator Preferences: all a peer needs that has the list already. */
export const preferences = ({ generation, locators }: Announcement): Option =>
  preferencesOption(generation, locators);

/** True when the preferences say no more than their absence would. */
export function indifferent({ locators }: Announcement): boolean {
  return locators.every(
    (locator) =>
      locator.usable && locator.priority === locators[0]!.priority && locator.weight === locators[0]!.weight,
  );
}
