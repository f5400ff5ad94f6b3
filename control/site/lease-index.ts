/** What the store says of leases, reservations and quarantine, in memory and by everything it is asked for. */
import type { Binding, QuarantinedAddress, Reservation } from '../store/records.ts';
import type { StoreContents } from '../store/store.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { equalOctets } from '../wire/octets.ts';

const octetsKey = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1');
const ownerKey = (duid: Uint8Array, iaid: number): string => `${octetsKey(duid)} ${iaid}`;
const nameKey = (name: string): string => name.toLowerCase();

type Groups = Map<string, Map<string, Binding>>;

function addTo(groups: Groups, group: string, key: string, binding: Binding): void {
  const members = groups.get(group) ?? new Map<string, Binding>();
  groups.set(group, members.set(key, binding));
}

function removeFrom(groups: Groups, group: string, key: string): void {
  const members = groups.get(group);
  members?.delete(key);
  if (members?.size === 0) groups.delete(group);
}

export class LeaseIndex {
  readonly #bindings = new Map<string, Binding>();
  readonly #byOwner: Groups = new Map();
  /** Bound ones that have a name, by nameKey. */
  readonly #byName: Groups = new Map();
  readonly #quarantine = new Map<string, QuarantinedAddress>();
  readonly #reservations = new Map<string, Reservation>();
  /** By addressKey of what is reserved. */
  readonly #reserved = new Map<string, Reservation>();

  constructor({ bindings, quarantine, reservations }: StoreContents) {
    for (const binding of bindings) this.put(binding);
    for (const row of quarantine) this.putQuarantine(row);
    for (const reservation of reservations) this.putReservation(reservation);
  }

  bindingOf(ulid: Address): Binding | undefined {
    return this.#bindings.get(addressKey(ulid));
  }

  bindings(): IterableIterator<Binding> {
    return this.#bindings.values();
  }

  /** All that a client was ever given and that is kept, whatever its state. */
  bindingsOf(duid: Uint8Array, iaid: number): readonly Binding[] {
    return [...(this.#byOwner.get(ownerKey(duid, iaid))?.values() ?? [])];
  }

  put(binding: Binding): void {
    const key = addressKey(binding.ulid);
    const known = this.#bindings.get(key);
    if (known !== undefined) this.remove(known.ulid);
    this.#bindings.set(key, binding);
    addTo(this.#byOwner, ownerKey(binding.duid, binding.iaid), key, binding);
    const { name, state } = binding;
    if (name !== undefined && state === 'bound') addTo(this.#byName, nameKey(name), key, binding);
  }

  remove(ulid: Address): void {
    const key = addressKey(ulid);
    const binding = this.#bindings.get(key);
    if (binding === undefined) return;
    this.#bindings.delete(key);
    removeFrom(this.#byOwner, ownerKey(binding.duid, binding.iaid), key);
    if (binding.name !== undefined) removeFrom(this.#byName, nameKey(binding.name), key);
  }

  get size(): number {
    return this.#bindings.size;
  }

  /** The DUID of the client that has a name or is to have it, without regard to case; empty where it has none. */
  nameHolder(name: string): Uint8Array | undefined {
    const [holder] = this.#byName.get(nameKey(name))?.values() ?? [];
    if (holder !== undefined) return holder.duid;
    const reservation = this.#reservations.get(nameKey(name));
    return reservation && (reservation.duid ?? new Uint8Array());
  }

  isQuarantined(address: Address): boolean {
    return this.#quarantine.has(addressKey(address));
  }

  quarantine(): IterableIterator<QuarantinedAddress> {
    return this.#quarantine.values();
  }

  putQuarantine(row: QuarantinedAddress): void {
    this.#quarantine.set(addressKey(row.address), row);
  }

  removeQuarantine({ address }: QuarantinedAddress): void {
    this.#quarantine.delete(addressKey(address));
  }

  reservation(name: string): Reservation | undefined {
    return this.#reservations.get(nameKey(name));
  }

  reservations(): IterableIterator<Reservation> {
    return this.#reservations.values();
  }

  /** What keeps an address for somebody. */
  reservationOf(ulid: Address): Reservation | undefined {
    return this.#reserved.get(addressKey(ulid));
  }

  /** Those that a client's DUID or its relay's Remote-ID entitles it to. */
  reservationsFor(client: {
    readonly duid: Uint8Array;
    readonly remoteId?: Uint8Array | undefined;
  }): readonly Reservation[] {
    const { duid, remoteId } = client;
    const isOf = (mine: Uint8Array | undefined, theirs: Uint8Array | undefined) =>
      mine !== undefined && theirs !== undefined && equalOctets(mine, theirs);
    return [...this.#reservations.values()].filter(
      (reservation) => isOf(reservation.duid, duid) || isOf(reservation.remoteId, remoteId),
    );
  }

  putReservation(reservation: Reservation): void {
    this.removeReservation(reservation.name);
    this.#reservations.set(nameKey(reservation.name), reservation);
    this.#reserved.set(addressKey(reservation.ulid), reservation);
  }

  removeReservation(name: string): void {
    const reservation = this.#reservations.get(nameKey(name));
    if (reservation === undefined) return;
    this.#reservations.delete(nameKey(name));
    this.#reserved.delete(addressKey(reservation.ulid));
  }

  /** Leased, kept for a client's return, reserved or in quarantine. */
  isTaken(address: Address): boolean {
    const key = addressKey(address);
    return this.#bindings.has(key) || this.#quarantine.has(key) || this.#reserved.has(key);
  }
}
