/** Which addresses an IA gets: one of every subnet of its link. */
import type { IaNa } from '../wire/dhcp6/index.ts';
import { type Address, addressKey, equalAddress } from '../wire/ipv6/address.ts';
import { containsAddress } from '../wire/ipv6/prefix.ts';
import { equalOctets } from '../wire/octets.ts';
import type { DhcpCounters } from './counters.ts';
import type { Candidate, Lease, LeaseBook, LeaseChange, Reservation } from './leases.ts';
import type { Offers } from './offers.ts';
import type { Room } from './room.ts';
import type { SubnetSettings } from './settings.ts';

export interface Client {
  readonly duid: Uint8Array;
  /** octetKey of the DUID. */
  readonly key: string;
  readonly reservations: readonly Reservation[];
  /** Of all IAs of the message. */
  readonly iaids: readonly number[];
}

export interface Allocated {
  readonly candidate: Candidate;
  /** Where the offer of it is, if it came from there. */
  readonly offer: string | undefined;
  /** To be made before it is bound. */
  readonly before: readonly LeaseChange[];
  /** What the client has it as already. */
  readonly lease: Lease | undefined;
}

/** A fresh address that falls into an excluded range is given back; ranges that exclude nearly all are a mistake. */
const TRIES = 8;

export interface AllocationParts {
  readonly book: LeaseBook;
  readonly offers: Offers;
  readonly room: Room;
  readonly counters: DhcpCounters;
}

const NOTHING: readonly LeaseChange[] = [];
const NO_LEASES: readonly Lease[] = [];

export class Allocation {
  readonly #parts: AllocationParts;
  /** Whether leases are made of it; an offer takes nothing. */
  readonly #binding: boolean;
  /** Reserved addresses that an IA of this message has. */
  readonly #given: Address[] = [];

  constructor(parts: AllocationParts, binding: boolean) {
    this.#parts = parts;
    this.#binding = binding;
  }

  /** The address of one subnet, or undefined: none is left. The same client, IA and subnet get the same again. */
  allocate(client: Client, ia: IaNa, subnet: SubnetSettings, now: number): Allocated | undefined {
    const all = this.#parts.book.bindingsOf(client.duid, ia.iaid);
    const rows =
      all.length === 0 ? NO_LEASES : all.filter(({ ulid }) => containsAddress(subnet.prefix, ulid));
    return (
      this.#reserved(client, ia, subnet, rows) ??
      this.#returning(subnet, rows) ??
      this.#offered(client, ia, subnet, now)
    );
  }

  #reserved(
    { duid, reservations, iaids }: Client,
    { iaid }: IaNa,
    subnet: SubnetSettings,
    rows: readonly Lease[],
  ): Allocated | undefined {
    for (const reservation of reservations) {
      const { ulid } = reservation;
      if (
        !containsAddress(subnet.prefix, ulid) ||
        this.#given.some((given) => equalAddress(given, ulid)) ||
        this.#parts.book.isQuarantined(ulid)
      )
        continue;
      const holder = this.#parts.book.bindingOf(ulid);
      const own = holder !== undefined && equalOctets(holder.duid, duid);
      // A client with several IAs has it in one of them, and does not lose it to the next.
      if (own && holder.iaid !== iaid && iaids.includes(holder.iaid)) continue;
      this.#given.push(ulid);
      const before: LeaseChange[] = rows
        .filter((row) => !equalAddress(row.ulid, ulid))
        .map(({ ulid: address }) => ({ kind: 'remove', address }));
      const lease = own && holder.iaid === iaid ? holder : undefined;
      if (holder !== undefined && lease === undefined) before.push({ kind: 'remove', address: ulid });
      return { candidate: reservation, offer: undefined, before, lease };
    }
    return undefined;
  }

  #returning(subnet: SubnetSettings, rows: readonly Lease[]): Allocated | undefined {
    const lease = rows.find(({ ulid }) => !isExcluded(subnet, ulid) && !this.#parts.book.isQuarantined(ulid));
    return lease && { candidate: lease, offer: undefined, before: NOTHING, lease };
  }

  #offered(client: Client, { iaid }: IaNa, subnet: SubnetSettings, now: number): Allocated | undefined {
    const { room } = this.#parts;
    if (!room.has(now)) return undefined;
    const offer = `${iaid} ${addressKey(subnet.prefix.address)}${client.key}`;
    const standing = this.#parts.offers.get(offer);
    // It was advertised a while ago; the address may have been reserved for another since.
    const candidate =
      standing !== undefined && !this.#parts.book.isTaken(standing.ulid) ? standing : this.#fresh(subnet);
    if (candidate === undefined) return undefined;
    this.#parts.offers.put(offer, candidate, now);
    const before = this.#binding ? room.make(now) : NOTHING;
    return before && { candidate, offer, before, lease: undefined };
  }

  #fresh(subnet: SubnetSettings): Candidate | undefined {
    for (let tries = 0; tries < TRIES; tries++) {
      const candidate = this.#parts.book.newAddress(subnet.prefix);
      if (candidate === undefined) {
        this.#parts.counters.poolEmpty++;
        return undefined;
      }
      const { ulid } = candidate;
      if (!isExcluded(subnet, ulid) && !this.#parts.book.isTaken(ulid) && !this.#parts.offers.has(ulid))
        return candidate;
    }
    return undefined;
  }
}

const isExcluded = ({ exclude }: SubnetSettings, address: Address): boolean =>
  exclude.some((prefix) => containsAddress(prefix, address));
