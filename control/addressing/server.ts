/**
 * A DHCPv6 server that hands out CGAs: RFC 8415 §18.3. Sans-IO: packets and time go in; an answer comes out, with what
 * must be durable before it is sent. `now` is milliseconds since the epoch and never goes back.
 */
import { TokenBuckets } from '../limits/token-bucket.ts';
import type { Option } from '../wire/dhcp6/index.ts';
import { type Address, addressKey, equalAddress } from '../wire/ipv6/address.ts';
import { Allocation, type AllocationParts } from './allocation.ts';
import { DhcpCounters, type DiscardReason } from './counters.ts';
import { chooseName, fqdnOption } from './host-name.ts';
import {
  addressesOf,
  iaAddress,
  iaWithStatus,
  refusedAssociations,
  renewalTimes,
  withdrawn,
} from './identity-associations.ts';
import { bindChange } from './lease-change.ts';
import type { LeaseBook, LeaseChange, Reservation } from './leases.ts';
import { isOnLink, subnetsOfLink } from './link.ts';
import { NamesUnderWay } from './names-under-way.ts';
import { Offers } from './offers.ts';
import type { Outcome, ToRecord } from './outcome.ts';
import { ReplayGuard } from './replay-guard.ts';
import { answer, configurationOptions, status } from './reply.ts';
import { type ClientRequest, type DhcpPacket, readRequest } from './request.ts';
import { Room } from './room.ts';
import type { DhcpSettings, SubnetSettings } from './settings.ts';

/** A request of a known client on a link of ours. */
interface Exchange {
  readonly request: ClientRequest;
  readonly duid: Uint8Array;
  readonly subnets: readonly SubnetSettings[];
  readonly now: number;
}

/** Clients and relay agents whose rates are remembered. */
const BUCKETS = 65_536;
const buckets = (perSecond: number) => new TokenBuckets({ perSecond, burst: 2 * perSecond }, BUCKETS);

export class DhcpServer {
  readonly counters = new DhcpCounters();
  readonly #duid: Uint8Array;
  readonly #settings: DhcpSettings;
  readonly #names: NamesUnderWay;
  readonly #book: LeaseBook;
  readonly #offers: Offers;
  readonly #replays = new ReplayGuard();
  readonly #allocationParts: AllocationParts;
  readonly #clients: TokenBuckets;
  readonly #relays: TokenBuckets;

  constructor(duid: Uint8Array, settings: DhcpSettings, book: LeaseBook) {
    this.#duid = duid;
    this.#settings = settings;
    this.#names = new NamesUnderWay(book);
    this.#book = book;
    this.#offers = new Offers(settings.maximumOffers, settings.offerPatience * 1000, (candidate, full) => {
      if (full) this.counters.offersForgotten++;
      book.giveBack(candidate);
    });
    const room = new Room(book, settings.maximumLeases);
    this.#allocationParts = { book, offers: this.#offers, room, counters: this.counters };
    this.#clients = buckets(settings.rates.perClient);
    this.#relays = buckets(settings.rates.perRelay);
  }

  /** Addresses offered and not yet taken. */
  get offered(): number {
    return this.#offers.size;
  }

  handle(packet: DhcpPacket, now: number): Outcome {
    this.counters.received++;
    this.#offers.expire(now);
    const request = readRequest(packet, this.#duid);
    if (typeof request === 'string') return this.#discard(request);
    this.counters.requests[request.type]++;
    // Clients without a relay agent share their interface's limit.
    const relay = request.relays.length > 0 ? addressKey(packet.source) : packet.interface;
    if (!this.#relays.take(relay, now)) return this.#discard('relay-rate');
    if (request.client !== undefined && !this.#clients.take(request.client, now))
      return this.#discard('client-rate');
    const outcome = this.#answer(request, packet, now);
    if (outcome.kind !== 'discard') this.counters.answered++;
    return outcome;
  }

  /** The changes are durable; the answer can go. */
  recorded({ offers, request }: ToRecord): void {
    for (const offer of offers) this.#offers.taken(offer);
    this.#names.settled(request.duid!);
  }

  /** They are not. Returns what the client is told then. */
  failed({ request }: ToRecord): Uint8Array {
    this.#replays.undone(request);
    this.#names.settled(request.duid!);
    const type = request.type === 'Solicit' ? 'Advertise' : 'Reply';
    return answer(type, request, this.#duid, [status('UnspecFail', 'the lease could not be recorded')]);
  }

  /** Leases that have run out. */
  expired(now: number): LeaseChange[] {
    const changes: LeaseChange[] = [];
    for (const { state, validUntil, ulid: address } of this.#book.leases())
      if (state === 'bound' && validUntil <= now) changes.push({ kind: 'expire', address });
    return changes;
  }

  #answer(request: ClientRequest, packet: DhcpPacket, now: number): Outcome {
    if (request.relays.length === 0 && !packet.multicast) {
      this.counters.useMulticast++;
      return this.#reply(request, [status('UseMulticast')]);
    }
    if (request.type === 'InformationRequest')
      return this.#reply(request, configurationOptions(request, this.#settings));
    const subnets = subnetsOfLink(this.#settings.subnets, request.interface, request.relays);
    // Another server may know that link: to be silent leaves it to answer.
    if (subnets.length === 0) return this.#discard('unknown-link');
    const exchange = { request, duid: request.duid!, subnets, now };
    switch (request.type) {
      case 'Solicit':
        return this.#solicit(exchange);
      case 'Request':
        return this.#assign(exchange, []);
      case 'Renew':
      case 'Rebind':
        return this.#extend(exchange);
      case 'Confirm':
        return this.#confirm(exchange);
      case 'Release':
      case 'Decline':
        return this.#end(exchange);
    }
  }

  #discard(reason: DiscardReason): Outcome {
    this.counters.discarded[reason]++;
    return { kind: 'discard', reason };
  }

  #reply(request: ClientRequest, options: readonly Option[]): Outcome {
    return { kind: 'answer', message: answer('Reply', request, this.#duid, options) };
  }

  #record(
    request: ClientRequest,
    changes: readonly LeaseChange[],
    options: readonly Option[],
    offers: readonly string[] = [],
  ): Outcome {
    if (changes.length === 0) return this.#reply(request, options);
    const message = answer('Reply', request, this.#duid, options);
    return { kind: 'record', changes, message, request, offers };
  }

  /** RFC 8415 §18.3.1, §18.3.9. */
  #solicit(exchange: Exchange): Outcome {
    const { request } = exchange;
    if (request.rapidCommit && this.#settings.rapidCommit)
      return this.#assign(exchange, [{ type: 'RapidCommit' }]);
    const { options, name } = this.#allocateAll(exchange, false);
    const { preference } = this.#settings;
    if (preference > 0) options.push({ type: 'Preference', value: preference });
    options.push(...this.#trailer(request, name));
    return { kind: 'answer', message: answer('Advertise', request, this.#duid, options) };
  }

  /** RFC 8415 §18.3.2. */
  #assign(exchange: Exchange, first: readonly Option[]): Outcome {
    const { request, duid } = exchange;
    const { options, changes, offers, name } = this.#allocateAll(exchange, true);
    if (name !== undefined && changes.length > 0) this.#names.claim(name, duid);
    return this.#record(request, changes, [...first, ...options, ...this.#trailer(request, name)], offers);
  }

  /** What every answer about leases ends with. */
  #trailer(request: ClientRequest, name: string | undefined): Option[] {
    return [...fqdnOption(request.fqdn, name), ...configurationOptions(request, this.#settings)];
  }

  #allocateAll(exchange: Exchange, binding: boolean) {
    const { request, duid, subnets, now } = exchange;
    const reservations = this.#book.reservationsFor({ duid, remoteId: request.remoteId });
    const client = {
      duid,
      key: request.client!,
      reservations,
      iaids: request.addresses.map(({ iaid }) => iaid),
    };
    const name = this.#nameFor(exchange, reservations);
    const allocation = new Allocation(this.#allocationParts, binding);
    const changes: LeaseChange[] = [];
    const offers: string[] = [];
    const options = request.addresses.map((ia): Option => {
      // An Advertise takes addresses as hints; a Request that names one of another link is told (§18.3.2).
      if (request.type === 'Request' && !addressesOf(ia).every((address) => isOnLink(subnets, address)))
        return iaWithStatus(ia.iaid, 'NotOnLink');
      const addresses: Option[] = [];
      for (const subnet of subnets) {
        const allocated = allocation.allocate(client, ia, subnet, now);
        if (allocated === undefined) continue;
        const { candidate, lease, before, offer } = allocated;
        addresses.push(this.#current(candidate.ulid));
        // An Advertise promises nothing: there is nothing to record.
        if (!binding) continue;
        const holder = { duid, iaid: ia.iaid, name };
        changes.push(...before, bindChange(holder, candidate, lease, this.#settings.lifetimes, now));
        if (offer !== undefined) offers.push(offer);
      }
      return addresses.length === 0
        ? iaWithStatus(ia.iaid, 'NoAddrsAvail')
        : { type: 'IaNa', iaid: ia.iaid, ...renewalTimes(this.#settings), options: addresses };
    });
    options.push(...refusedAssociations(request, false));
    return { options, changes, offers, name };
  }

  #nameFor({ request, duid }: Exchange, reservations: readonly Reservation[]): string | undefined {
    return chooseName(request.fqdn, reservations[0], duid, this.#settings.domain, this.#names);
  }

  #current(address: Address): Option {
    const { preferred, valid } = this.#settings.lifetimes;
    return iaAddress(address, preferred, valid);
  }

  /** RFC 8415 §18.3.4, §18.3.5. */
  #extend(exchange: Exchange): Outcome {
    const { request, duid, subnets, now } = exchange;
    const reservations = this.#book.reservationsFor({ duid, remoteId: request.remoteId });
    const changes: LeaseChange[] = [];
    let name: string | undefined;
    const options = request.addresses.map((ia): Option => {
      // A client whose lease ran out, or was released by somebody else, may have its address back.
      const rows = this.#book.bindingsOf(duid, ia.iaid).filter(({ ulid }) => isOnLink(subnets, ulid));
      const listed = addressesOf(ia);
      const strange = listed.filter((address) => !rows.some((row) => equalAddress(row.ulid, address)));
      if (rows.length === 0) {
        const elsewhere = strange.filter((address) => !isOnLink(subnets, address));
        if (elsewhere.length === 0) return iaWithStatus(ia.iaid, 'NoBinding');
        return { type: 'IaNa', iaid: ia.iaid, t1: 0, t2: 0, options: elsewhere.map(withdrawn) };
      }
      for (const row of rows) {
        const kept = this.#nameFor(exchange, reservations) ?? row.name;
        name ??= kept;
        changes.push(
          bindChange({ duid, iaid: ia.iaid, name: kept }, row, row, this.#settings.lifetimes, now),
        );
      }
      return {
        type: 'IaNa',
        iaid: ia.iaid,
        ...renewalTimes(this.#settings),
        options: [...rows.map(({ ulid }) => this.#current(ulid)), ...strange.map(withdrawn)],
      };
    });
    options.push(...refusedAssociations(request, true), ...this.#trailer(request, name));
    if (name !== undefined && changes.length > 0) this.#names.claim(name, duid);
    return this.#record(request, changes, options);
  }

  /** RFC 8415 §18.3.3. */
  #confirm({ request, subnets }: Exchange): Outcome {
    const addresses = request.addresses.flatMap(addressesOf);
    if (addresses.length === 0) return this.#discard('nothing-to-confirm');
    const fits = addresses.every((address) => isOnLink(subnets, address));
    return this.#reply(request, [status(fits ? 'Success' : 'NotOnLink')]);
  }

  /** Release and Decline: RFC 8415 §18.3.7, §18.3.8. Only on the link that a lease is on. */
  #end({ request, duid, subnets, now }: Exchange): Outcome {
    const replay = this.#replays.isReplay(request);
    if (replay) this.counters.replayed++;
    const changes: LeaseChange[] = [];
    const options: Option[] = [status('Success')];
    for (const ia of request.addresses) {
      const rows = this.#book.bindingsOf(duid, ia.iaid).filter(({ state }) => state === 'bound');
      if (rows.length === 0) options.push(iaWithStatus(ia.iaid, 'NoBinding'));
      for (const address of addressesOf(ia)) {
        const held = rows.some(({ ulid }) => equalAddress(ulid, address)) && isOnLink(subnets, address);
        if (!held || replay) continue;
        if (request.type === 'Release') changes.push({ kind: 'release', address });
        else {
          this.counters.declined++;
          changes.push({ kind: 'decline', address, duid, until: now + this.#settings.quarantine * 1000 });
        }
      }
    }
    options.push(...refusedAssociations(request, true));
    if (changes.length > 0) this.#replays.actedOn(request);
    return this.#record(request, changes, options);
  }
}
