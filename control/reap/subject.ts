/** What REAP has to know of a context and of the machine around it. */
import type { Address } from '../wire/ipv6/address.ts';
import type { ContextTag } from '../wire/shim6/index.ts';

export interface LocatorPair {
  readonly source: Address;
  readonly destination: Address;
}

export interface SubjectLocator {
  readonly address: Address;
  /** Locally operational (RFC 5534 §3.2): its uplink is up. */
  readonly usable: boolean;
  readonly priority: number;
  /** The peer knows it, and takes packets from it. */
  readonly acknowledged: boolean;
}

export interface SubjectPeerLocator {
  readonly address: Address;
  readonly broken: boolean;
  readonly priority: number;
}

/** An established context. Values are those of the moment of reading. */
export interface Subject {
  /** ULIDs. */
  readonly local: Address;
  readonly peer: Address;
  readonly peerTag: ContextTag;
  readonly localLocators: readonly SubjectLocator[];
  readonly peerLocators: readonly SubjectPeerLocator[];
  /** Whether the peer was found at that locator of its: packets may go there (RFC 5533 §7.2). */
  isPresent(peerLocator: Address): boolean;
}

/** Contexts are known here by the slot that each has in the tables that the data path shares. */
export interface Surroundings {
  /** The established context of a slot. */
  subject(slot: number): Subject | undefined;
  /** The pair its payload leaves by now. */
  currentPair(slot: number): LocatorPair | undefined;
  /** The tick of the last payload that came, as the table has it now. */
  lastReceived(slot: number): number;
  /** False when something better informed than probing says that a pair cannot work: a route that was withdrawn. */
  isUsable(pair: LocatorPair): boolean;
}
