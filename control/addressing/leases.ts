/** What the DHCPv6 server needs to know of addresses, and what it asks to be recorded. */
import type { SecurityParameter } from '../identity/cga.ts';
import type { Address } from '../wire/ipv6/address.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';

/** An address that nobody has yet, and what it is made of besides the site's key (RFC 3972 §3). */
export interface Candidate {
  readonly ulid: Address;
  /** A /64. */
  readonly subnet: Prefix;
  readonly modifier: Uint8Array;
  readonly collisionCount: number;
  readonly sec: SecurityParameter;
  /** For an address that belongs to an HBA set (RFC 5535 §6). */
  readonly hba?: {
    readonly prefixes: readonly Prefix[];
    readonly extendedModifier?: Uint8Array;
  };
}

/** An address that a client was given. Times are milliseconds since the epoch. */
export interface Lease extends Candidate {
  readonly duid: Uint8Array;
  readonly iaid: number;
  /** Fully qualified, without a final dot. */
  readonly name?: string;
  /** `released` and `expired` addresses are kept for the return of their client, and for nobody else. */
  readonly state: 'bound' | 'released' | 'expired';
  readonly boundAt: number;
  readonly preferredUntil: number;
  readonly validUntil: number;
}

/** A host known before it comes: its name and its address. */
export interface Reservation extends Candidate {
  readonly name: string;
  readonly duid?: Uint8Array;
  /** Enterprise number and identifier, as the Relay Agent Remote-ID option has them (RFC 4649). */
  readonly remoteId?: Uint8Array;
}

/** Reads, all from memory; what was asked to be recorded shows here once it is durable. */
export interface LeaseBook {
  bindingsOf(duid: Uint8Array, iaid: number): readonly Lease[];
  bindingOf(address: Address): Lease | undefined;
  reservationsFor(client: ClientKey): readonly Reservation[];
  /** Whether somebody has the address, or it is reserved or in quarantine. */
  isTaken(address: Address): boolean;
  isQuarantined(address: Address): boolean;
  /** Undefined while no modifier is at hand: mining is never waited for. */
  newAddress(subnet: Prefix): Candidate | undefined;
  /** An address of `newAddress` that nobody took. */
  giveBack(candidate: Candidate): void;
  /** The DUID of whoever has a name, without regard to case; empty for a host that has none. */
  nameHolder(name: string): Uint8Array | undefined;
  leases(): Iterable<Lease>;
  /** How many `leases` has. */
  readonly size: number;
}

export interface ClientKey {
  readonly duid: Uint8Array;
  readonly remoteId: Uint8Array | undefined;
}

/** All changes of one message are made together, in their order, or none is. */
export type LeaseChange =
  | { readonly kind: 'bind'; readonly lease: Lease }
  | { readonly kind: 'release'; readonly address: Address }
  | { readonly kind: 'expire'; readonly address: Address }
  /** The client found it in use: nobody gets it before `until`. */
  | { readonly kind: 'decline'; readonly address: Address; readonly duid: Uint8Array; readonly until: number }
  /** Forgotten: a reserved address that goes to its owner; a `bind` of it follows. */
  | { readonly kind: 'remove'; readonly address: Address };
