/** What a site remembers: the records of its store, and the keys by which they are replaced and removed. */
import type { SecurityParameter } from '../identity/cga.ts';
import type { Address } from '../wire/ipv6/address.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';

/** What an address is made of, besides the site's key: RFC 3972 §3, RFC 5535 §5. */
export interface AddressParts {
  /** A /64 of the site. */
  readonly subnet: Prefix;
  /** 16 octets. */
  readonly modifier: Uint8Array;
  readonly collisionCount: number;
  readonly sec: SecurityParameter;
  /** For an address that belongs to an HBA set. */
  readonly hba?: HbaParts;
}

export interface HbaParts {
  /** The /64s of the set, in the order in which they are hashed. */
  readonly prefixes: readonly Prefix[];
  /** 48 octets; absent: the set is bound to the site's key as well. */
  readonly extendedModifier?: Uint8Array;
}

/**
 * - `bound`: the client may use the address until `validUntil`.
 * - `released`, `expired`: it may not; the address is kept for its return (RFC 8415 §13.1).
 */
export type BindingState = 'bound' | 'released' | 'expired';

/** An address handed to a client. Its owner never changes: for another owner it must be removed first. */
export interface Binding extends AddressParts {
  readonly ulid: Address;
  /** 1 to 130 octets (RFC 8415 §11.1). */
  readonly duid: Uint8Array;
  readonly iaid: number;
  /** Fully qualified, without a final dot. */
  readonly name?: string;
  readonly state: BindingState;
  /** Milliseconds since the epoch, like the two that follow. */
  readonly boundAt: number;
  readonly preferredUntil: number;
  readonly validUntil: number;
}

/** An address that a client found in use (RFC 8415 §18.3.8); no binding of it is possible. */
export interface QuarantinedAddress {
  readonly address: Address;
  /** Who declined it. */
  readonly duid: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** An address kept for a host that has a name already. */
export interface Reservation extends AddressParts {
  readonly name: string;
  readonly ulid: Address;
  readonly duid?: Uint8Array;
  /** Relay Agent Remote-ID, RFC 4649: enterprise number and identifier as they are in the option. */
  readonly remoteId?: Uint8Array;
}

/** A modifier mined ahead (RFC 3972 §4, steps 1 to 3). */
export interface PooledModifier {
  readonly modifier: Uint8Array;
  readonly sec: SecurityParameter;
  /** The prefixes of the HBA set it is for; empty: good for a CGA of any subnet. */
  readonly set: string;
}

/** A change to the providers of the configuration, made while running. */
export interface ProviderRecord {
  readonly name: string;
  /**
   * - `added`: not in the configuration file.
   * - `draining`: nothing new uses it; `until` (milliseconds since the epoch) it still carries.
   * - `removed`: out of use, though the configuration file may name it.
   */
  readonly state: 'added' | 'draining' | 'removed';
  readonly until?: number;
  /** An entry of `providers` as the configuration file would have it, JSON. */
  readonly configuration: string;
}

/** A host's address in a provider's prefix; permanent. */
export interface LocatorRecord {
  readonly ulid: Address;
  readonly provider: string;
  readonly address: Address;
}

/** What name servers were told, or are to be told, of a name. */
export interface PublicationRecord {
  readonly name: string;
  /** JSON of naming/publication. */
  readonly state: string;
}

/** A single fact, like the server's DUID. */
export interface Setting {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface Records {
  readonly bindings: Binding;
  readonly quarantine: QuarantinedAddress;
  readonly reservations: Reservation;
  readonly modifiers: PooledModifier;
  readonly providers: ProviderRecord;
  readonly locators: LocatorRecord;
  readonly publications: PublicationRecord;
  readonly settings: Setting;
}

export interface Keys {
  readonly bindings: Pick<Binding, 'ulid'>;
  readonly quarantine: Pick<QuarantinedAddress, 'address'>;
  readonly reservations: Pick<Reservation, 'name'>;
  readonly modifiers: Pick<PooledModifier, 'modifier'>;
  readonly providers: Pick<ProviderRecord, 'name'>;
  readonly locators: Pick<LocatorRecord, 'ulid' | 'provider'>;
  readonly publications: Pick<PublicationRecord, 'name'>;
  readonly settings: Pick<Setting, 'key'>;
}

export type TableName = keyof Records;
