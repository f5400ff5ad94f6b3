/** The peer's side of contexts: a ULID and its verified locators. Shared by all contexts with that ULID. */
import { type Address, addressKey, equalAddress } from '../wire/ipv6/address.ts';

export interface PeerLocator {
  readonly address: Address;
  /** A VerificationMethod; 0 for the ULID itself, which needs none. */
  readonly method: number;
  readonly broken: boolean;
  readonly transient: boolean;
  /** As in DNS SRV: lower is better. */
  readonly priority: number;
  readonly weight: number;
}

/** Ls(peer): verified, immutable, and one object for all contexts to which the peer told the same. */
export interface PeerLocatorList {
  /** Undefined while the peer has sent no list: the ULID is then its only locator. */
  readonly generation: number | undefined;
  readonly locators: readonly PeerLocator[];
}

/** Locators remembered as reached, of a peer that changes its own. */
const MOST_PRESENT = 16;

export class Peer {
  readonly ulid: Address;
  readonly key: string;
  /** The encoded CGA Parameters it proved its ULID with, for Updates that leave them out. */
  parameters: Uint8Array | undefined = undefined;
  latest: PeerLocatorList | undefined = undefined;
  /** Its Keepalive Timeout option, seconds: undefined while it has sent none (RFC 5534 §5.3). */
  keepaliveTimeout: number | undefined = undefined;
  contexts = 0;
  /** Locators at which a return-routability test has found it, the latest last. */
  readonly #present: Address[] = [];

  constructor(ulid: Address) {
    this.ulid = ulid;
    this.key = addressKey(ulid);
  }

  /** Whether packets may go there: it was found at that locator, or the locator is the ULID (RFC 5533 §7.2). */
  isPresent(locator: Address): boolean {
    return (
      equalAddress(locator, this.ulid) || this.#present.some((address) => equalAddress(address, locator))
    );
  }

  /** False when that was known. */
  markPresent(locator: Address): boolean {
    if (this.isPresent(locator)) return false;
    if (this.#present.length === MOST_PRESENT) this.#present.shift();
    this.#present.push(locator);
    return true;
  }

  /** The list to keep for `list`: an equal one that is kept already, if it is the latest. */
  share(list: PeerLocatorList): PeerLocatorList {
    if (this.latest === undefined || !sameList(this.latest, list)) this.latest = list;
    return this.latest;
  }
}

export const NO_LOCATORS: PeerLocatorList = { generation: undefined, locators: [] };

export const onlyUlid = (ulid: Address): PeerLocatorList => ({
  generation: undefined,
  locators: [{ address: ulid, method: 0, broken: false, transient: false, priority: 0, weight: 0 }],
});

export function sameList(first: PeerLocatorList, second: PeerLocatorList): boolean {
  return (
    first === second ||
    (first.generation === second.generation &&
      first.locators.length === second.locators.length &&
      first.locators.every((locator, index) => sameLocator(locator, second.locators[index]!)))
  );
}

function sameLocator(first: PeerLocator, second: PeerLocator): boolean {
  return (
    equalAddress(first.address, second.address) &&
    first.method === second.method &&
    first.broken === second.broken &&
    first.transient === second.transient &&
    first.priority === second.priority &&
    first.weight === second.weight
  );
}

/** Where to send: the locators that are not broken, best first; all of them when every one is broken. */
export function destinations(list: PeerLocatorList, preferred: Address): Address[] {
  const working = list.locators.filter((locator) => !locator.broken);
  const candidates = working.length > 0 ? working : list.locators;
  const rank = (locator: PeerLocator) =>
    2 * locator.priority + (equalAddress(locator.address, preferred) ? 0 : 1);
  return candidates.toSorted((first, second) => rank(first) - rank(second)).map((locator) => locator.address);
}
