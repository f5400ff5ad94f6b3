/** The ULID-pair context, RFC 5533 §6.1, kept small: what only a handshake or an update needs is apart. */
import type { Address } from '../wire/ipv6/address.ts';
import { type ContextTag, tagFromNumber } from '../wire/shim6/index.ts';
import type { Handshake } from './handshake.ts';
import {
  type Announcement,
  type Host,
  type LocalLocator,
  listsAddress,
  sameAnnouncement,
} from './local-host.ts';
import { NO_LOCATORS, type Peer, type PeerLocator, type PeerLocatorList } from './peer.ts';
import type { Update } from './update.ts';

/** RFC 5533 §6.2. */
export type State = 'IDLE' | 'I1-SENT' | 'I2-SENT' | 'I2BIS-SENT' | 'ESTABLISHED' | 'E-FAILED' | 'NO-SUPPORT';

export interface ContextLocator extends LocalLocator {
  /** The peer knows it: packets may carry it as source. */
  readonly acknowledged: boolean;
}

/** What others may see of a context. Values are those of the moment of reading. */
export interface ContextView {
  /** ULID(local) and ULID(peer). */
  readonly local: Address;
  readonly peer: Address;
  /** Forked Instance Identifier, RFC 5533 §4.2; zero is the default context of the pair. */
  readonly fork: number;
  readonly state: State;
  /** CT(local) and CT(peer); the latter is zero until the peer has told it. */
  readonly localTag: ContextTag;
  readonly peerTag: ContextTag;
  /** Ls(local) and Ls(peer). */
  readonly localLocators: readonly ContextLocator[];
  readonly peerLocators: readonly PeerLocator[];
  /** The peer has acknowledged our locators and preferences as they are now. */
  readonly peerUpToDate: boolean;
  /** Whether the peer was found at that locator of its: packets may go there (RFC 5533 §7.2). */
  isPresent(peerLocator: Address): boolean;
  /** Lp(local) and Lp(peer): the pair on which the establishment completed. */
  readonly localLocator: Address;
  readonly peerLocator: Address;
  /** Seconds within which the peer wants return traffic (RFC 5534 §5.3); undefined: the default. */
  readonly keepaliveTimeout: number | undefined;
  /** Milliseconds, whole; `establishedAt` is undefined until then. */
  readonly startedAt: number;
  readonly establishedAt: number | undefined;
}

/** A tag that is not set: no 47-bit number. */
export const NO_TAG = -1;

/** Long before any start, and small enough for V8 not to box it. */
const NEVER = -1_000_000_000;

export class Context implements ContextView {
  readonly host: Host;
  readonly peerHost: Peer;
  state: State = 'IDLE';
  /** Tags as one number each; see ContextTable for what finds a context by them. */
  localTagNumber = NO_TAG;
  peerTagNumber = NO_TAG;
  peerList: PeerLocatorList = NO_LOCATORS;
  /** The state of our locators that the peer knows. */
  announced: Announcement;
  localLocator: Address;
  peerLocator: Address;
  readonly startedAt: number;
  establishedAt: number | undefined = undefined;
  handshake: Handshake | undefined = undefined;
  update: Update | undefined = undefined;
  updateQueued = false;
  /** When an Update Request was last sent, milliseconds, whole. */
  toldAt = NEVER;
  /** The Responder Nonce beyond which an I2 is news (signed, so that V8 need not box it). */
  newestNonce = 0;

  constructor(host: Host, peer: Peer, now: number) {
    this.host = host;
    this.peerHost = peer;
    this.announced = host.current;
    this.localLocator = host.ulid;
    this.peerLocator = peer.ulid;
    this.startedAt = Math.floor(now);
  }

  get local(): Address {
    return this.host.ulid;
  }

  get peer(): Address {
    return this.peerHost.ulid;
  }

  get fork(): number {
    return 0;
  }

  get keepaliveTimeout(): number | undefined {
    return this.peerHost.keepaliveTimeout;
  }

  isPresent(peerLocator: Address): boolean {
    return this.peerHost.isPresent(peerLocator);
  }

  get localTag(): ContextTag {
    return tagFromNumber(Math.max(0, this.localTagNumber));
  }

  get peerTag(): ContextTag {
    return tagFromNumber(Math.max(0, this.peerTagNumber));
  }

  get localLocators(): readonly ContextLocator[] {
    return this.host.current.locators.map((locator) => ({
      ...locator,
      acknowledged: listsAddress(this.announced.locators, locator.address),
    }));
  }

  get peerUpToDate(): boolean {
    return sameAnnouncement(this.announced, this.host.current);
  }

  /** Usable locators of ours that the peer knows, best first: it takes packets from no other. */
  sources(): Address[] {
    return this.host.usableLocators().filter((address) => listsAddress(this.announced.locators, address));
  }

  get peerLocators(): readonly PeerLocator[] {
    return this.peerList.locators;
  }

  /** Whether `address` is in Ls(local): now, or as far as the peer knows. */
  receivesAt(address: Address): boolean {
    return this.host.hasLocator(address) || listsAddress(this.announced.locators, address);
  }
}

/** A context beside the default one of its ULID pair. A class of its own: default contexts carry no identifier. */
export class ForkedContext extends Context {
  readonly #fork: number;

  constructor(host: Host, peer: Peer, now: number, fork: number) {
    super(host, peer, now);
    this.#fork = fork;
  }

  override get fork(): number {
    return this.#fork;
  }
}
