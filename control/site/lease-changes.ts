/** What happens to leases, and what it makes of the store's records. */
import type { Binding, QuarantinedAddress } from '../store/records.ts';
import { type Address, equalAddress } from '../wire/ipv6/address.ts';

/** What happens to leases; of one message of a client all of it, in its order, or nothing. */
export type LeaseChange =
  /** New, renewed, or with another name. */
  | { readonly kind: 'bind'; readonly lease: Binding }
  /** The client has the address no more; it is kept for its return. */
  | { readonly kind: 'release' | 'expire'; readonly address: Address }
  /** The client found the address in use: nobody gets it before `until`. */
  | { readonly kind: 'decline'; readonly address: Address; readonly duid: Uint8Array; readonly until: number }
  /** Forgotten altogether. */
  | { readonly kind: 'remove'; readonly address: Address };

/** Whether the address of a `remove` is bound by the same message: to the one that it is reserved for. */
export const isHandedOn = (address: Address, changes: readonly LeaseChange[]): boolean =>
  changes.some((change) => change.kind === 'bind' && equalAddress(change.lease.ulid, address));

export const ended = (lease: Binding, kind: 'release' | 'expire'): Binding => ({
  ...lease,
  state: kind === 'release' ? 'released' : 'expired',
});

export const quarantined = ({
  address,
  duid,
  until,
}: Extract<LeaseChange, { kind: 'decline' }>): QuarantinedAddress => ({
  address,
  duid,
  until,
});
