/** What the store says of leases, reservations and quarantine, in memory and by everything it is asked for. */
import type { Binding, QuarantinedAddress, Reservation } from '../store/records.ts';
import type { StoreContents } from '../store/store.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';

const octetsKey = (octets: Uint8Array): string =>
  String.fromCharCode.apply(null, octets as unknown as number[]);
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

const NO_BINDINGS: readonly Binding[] = [];
const NO_RESERVATIONS: readonly Reservation[] = [];

/** Takes `member` out of its group, and an empty group out of the map. */
function take<Member>(groups: Map<string, readonly Member[]>, group: string, member: Member): void {
  const others = (groups.get(group) ?? []).filter((other) => other !== member);
  if (others.length === 0) groups.delete(group);
  else groups.set(group, others);
}

const duidKey = (duid: Uint8Array): string => `D${octetsKey(duid)}`;
const remoteIdKey = (remoteId: Uint8Array): string => `R${octetsKey(remoteId)}`;

function clientKeys({ duid, remoteId }: Reservation): string[] {
  return [...(duid ? [duidKey(duid)] : []), ...(remoteId ? [remoteIdKey(remoteId)] : [])];
}

export class LeaseIndex {
  readonly #bindings = new Map<string, Binding>();
  /** One for each subnet that the owner was given an address in: they are few. */
  readonly #byOwner = new Map<string, readonly Binding[]>();
  /** Bound ones that have a name, by nameKey. */
  readonly #byName: Groups = new Map();
  readonly #quarantine = new Map<string, QuarantinedAddress>();
  readonly #reservations = new Map<string, Reservation>();
  /** By addressKey of what is reserved. */
  readonly #reserved = new Map<string, Reservation>();
  /** By the DUIDs and Remote-IDs that are entitled to them, each after a letter that tells which it is. */
  readonly #byClient = new Map<string, readonly Reservation[]>();

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
    return this.#byOwner.get(ownerKey(duid, iaid)) ?? NO_BINDINGS;
  }

  put(binding: Binding): void {
    const key = addressKey(binding.ulid);
    const known = this.#bindings.get(key);
    if (known !== undefined) this.remove(known.ulid);
    this.#bindings.set(key, binding);
    const owner = ownerKey(binding.duid, binding.iaid);
    this.#byOwner.set(owner, [...(this.#byOwner.get(owner) ?? NO_BINDINGS), binding]);
    const { name, state } = binding;
    if (name !== undefined && state === 'bound') addTo(this.#byName, nameKey(name), key, binding);
  }

  remove(ulid: Address): void {
    const key = addressKey(ulid);
    const binding = this.#bindings.get(key);
    if (binding === undefined) return;
    this.#bindings.delete(key);
    take(this.#byOwner, ownerKey(binding.duid, binding.iaid), binding);
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

  /** Those that a client's DUID entitles it to, then those of its relay's Remote-ID. */
  reservationsFor(client: {
    readonly duid: Uint8Array;
    readonly remoteId?: Uint8Array | undefined;
  }): readonly Reservation[] {
    if (this.#byClient.size === 0) return NO_RESERVATIONS;
    const own = this.#byClient.get(duidKey(client.duid)) ?? NO_RESERVATIONS;
    const ofPort = client.remoteId && this.#byClient.get(remoteIdKey(client.remoteId));
    return ofPort === undefined ? own : [...new Set([...own, ...ofPort])];
  }

  putReservation(reservation: Reservation): void {
    this.removeReservation(reservation.name);
    this.#reservations.set(nameKey(reservation.name), reservation);
    this.#reserved.set(addressKey(reservation.ulid), reservation);
    for (const client of clientKeys(reservation))
      this.#byClient.set(client, [...(this.#byClient.get(client) ?? NO_RESERVATIONS), reservation]);
  }

  removeReservation(name: string): void {
    const reservation = this.#reservations.get(nameKey(name));
    if (reservation === undefined) return;
    this.#reservations.delete(nameKey(name));
    this.#reserved.delete(addressKey(reservation.ulid));
    for (const client of clientKeys(reservation)) take(this.#byClient, client, reservation);
  }

  /** Leased, kept for a client's return, reserved or in quarantine. */
  isTaken(address: Address): boolean {
    const key = addressKey(address);
    return this.#bindings.has(key) || this.#quarantine.has(key) || this.#reserved.has(key);
  }
}
