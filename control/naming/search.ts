/**
 * The reverse path: a host sent a packet to a ULID that no answer told it. The reverse tree names it, the name's own
 * records are asked for, and it counts only if the ULID is among them: whoever runs a piece of the reverse tree can
 * point at any name, but not speak for it.
 */
import { FLAG, RCODE, TYPE } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import type { Header } from '../wire/dns/header.ts';
import { formatName, type Name, nameKey, readName } from '../wire/dns/name.ts';
import { ownerOf, type RecordPlace } from '../wire/dns/record.ts';
import { reverseName } from '../wire/dns/reverse.ts';
import { type Address, addressKey, equalAddress } from '../wire/ipv6/address.ts';
import { addressesIn, isLocator, locatorsFor } from './addresses.ts';
import { type Answer, readAnswer, succeeded } from './answer.ts';
import { Budget } from './budget.ts';
import type { Attempt, Lookup, TaskBase } from './lookup.ts';
import type { Services } from './services.ts';
import { TtlCache } from './ttl-cache.ts';
import { buildQuestion, negativeTtl, readUlids, smallestTtl, type Ulids } from './ulids.ts';

/** A name that the reverse tree gave. */
interface Candidate {
  readonly name: Name;
  readonly ulid: Lookup;
  readonly locators: Lookup;
  /** Undefined until answered; 'none' where that is of no use. */
  ulids: Ulids | 'none' | undefined;
  addresses: Answer | 'none' | undefined;
}

export interface Search extends TaskBase {
  readonly kind: 'search';
  readonly ulid: Address;
  /** Hosts that wait for the end. */
  readonly askers: Map<string, Address>;
  candidates: Candidate[];
  /** Seconds for which failure will be remembered. */
  notFoundTtl: number;
}

/** `searching`: an effect will tell the end. The others: there is no use in waiting. */
export type SearchBegin = 'searching' | 'refused' | 'not-found';

/** Names of one address that are looked at. */
const MAX_CANDIDATES = 4;

export class Searches {
  readonly #services: Services;
  readonly #running = new Map<string, Search>();
  readonly #perHost = new Map<string, number>();
  readonly #notFound: TtlCache<true>;
  readonly #budget: Budget;

  constructor(services: Services) {
    this.#services = services;
    this.#notFound = new TtlCache(services.settings.notFoundCapacity);
    this.#budget = new Budget(services.settings.searchBudget);
  }

  get size(): number {
    return this.#running.size;
  }

  get notFound(): number {
    return this.#notFound.size;
  }

  /** `host` sent a packet to `ulid`, of which nothing is known. */
  begin(now: number, host: Address, ulid: Address): SearchBegin {
    const { counters, lookups, settings } = this.#services;
    const key = addressKey(ulid);
    if (this.#notFound.get(now, key) !== undefined) {
      counters.searchesKnownNotFound++;
      return 'not-found';
    }
    const running = this.#running.get(key);
    if (running !== undefined) return this.#join(running, host);
    if (!this.#admits(now, host)) return this.#refuse();
    counters.searches++;
    const search: Search = {
      kind: 'search',
      ulid,
      askers: new Map(),
      candidates: [],
      notFoundTtl: settings.notFoundTtlFailed,
      lookups: [],
      deadline: now + settings.deadline,
      alarm: undefined,
    };
    this.#running.set(key, search);
    this.#ask(search, host);
    lookups.start(now, search, 'pointer', {
      transport: 'udp',
      message: buildQuestion(reverseName(ulid), TYPE.PTR),
    });
    this.#services.arm(search);
    return 'searching';
  }

  answered(now: number, search: Search, attempt: Attempt, header: Header, message: Uint8Array): void {
    const { lookup, transport } = attempt;
    if ((header.flags & FLAG.TC) !== 0 && transport === 'udp') {
      this.#services.lookups.overTcp(now, lookup);
      this.#services.arm(search);
      return;
    }
    this.#services.lookups.close(lookup);
    try {
      if (lookup.role === 'pointer') this.#takePointers(now, search, readAnswer(message));
      else this.#takeRecords(search, lookup, message);
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
      this.#services.counters.upstreamMalformed++;
      if (lookup.role === 'pointer') lookup.failed = true;
      else this.#settle(search, lookup);
    }
    this.advance(now, search);
  }

  /** Looks whether the search can end. */
  advance(now: number, search: Search): void {
    if (!this.#running.has(addressKey(search.ulid))) return;
    const expired = now >= search.deadline;
    if (expired) this.#services.lookups.giveUp(now, search);
    for (const lookup of search.lookups) if (lookup.failed) this.#settle(search, lookup);
    const found = search.candidates.find((candidate) => isOf(candidate, search.ulid));
    if (found !== undefined) return this.#found(now, search, found);
    const [pointer] = search.lookups;
    const asking = pointer!.attempts.size > 0 || search.candidates.some(isOpen);
    if (expired || !asking) this.#end(now, search, undefined);
    else this.#services.arm(search);
  }

  #takePointers(now: number, search: Search, answer: Answer): void {
    if (!succeeded(answer) || answer.records.length === 0) return this.#rememberAbsence(search, answer);
    const names = new Map<string, Name>();
    for (const record of answer.records.slice(0, MAX_CANDIDATES)) {
      const { name } = readName(answer.message, record.dataOffset);
      names.set(nameKey(name), name);
    }
    for (const name of names.values()) {
      const locators = additionalLocators(answer, name, search.ulid, this.#services.settings);
      if (locators.length === 0) continue;
      // Nobody was asked for these: they serve this search and are not remembered.
      return this.#end(now, search, { locators, name: formatName(name) });
    }
    for (const name of names.values()) search.candidates.push(this.#candidate(now, search, name));
  }

  #candidate(now: number, search: Search, name: Name): Candidate {
    const { lookups, settings } = this.#services;
    const start = (role: 'ulid' | 'locators', type: number) =>
      lookups.start(now, search, role, { transport: 'udp', message: buildQuestion(name, type) });
    return {
      name,
      ulid: start('ulid', settings.ulidType),
      locators: start('locators', TYPE.AAAA),
      ulids: undefined,
      addresses: undefined,
    };
  }

  #takeRecords(search: Search, lookup: Lookup, message: Uint8Array): void {
    const candidate = search.candidates.find(({ ulid, locators }) => ulid === lookup || locators === lookup);
    if (candidate === undefined) return;
    if (candidate.ulid === lookup) {
      const read = readUlids(message, this.#services.settings);
      candidate.ulids = read.ulids;
      if (read.ulids === 'none') this.#rememberAbsence(search, readAnswer(message));
    } else {
      const answer = readAnswer(message);
      candidate.addresses = succeeded(answer) ? answer : 'none';
    }
  }

  /** A lookup without a usable answer. */
  #settle(search: Search, lookup: Lookup): void {
    for (const candidate of search.candidates) {
      if (candidate.ulid === lookup) candidate.ulids ??= 'none';
      if (candidate.locators === lookup) candidate.addresses ??= 'none';
    }
  }

  #found(now: number, search: Search, { name, ulids, addresses }: Candidate): void {
    const { counters, locators: cache, settings } = this.#services;
    const main = addresses as Answer;
    const { ulids: all, ttl, aliasTtl } = ulids as Ulids;
    const known = addressesIn(main.message, main.records, settings.maxAddressesPerName, isLocator);
    if (known.length === 0) {
      counters.withoutLocators++;
      return this.#end(now, search, undefined);
    }
    const locators = locatorsFor(search.ulid, all, known);
    const told = Math.min(smallestTtl(main.records, main.aliases), ttl, aliasTtl);
    const text = formatName(name);
    cache.learn(
      now,
      search.ulid,
      locators,
      text,
      Math.min(settings.locatorTtlMax, Math.max(settings.locatorTtlMin, told)),
    );
    this.#end(now, search, { locators, name: text });
  }

  #end(
    now: number,
    search: Search,
    result: { readonly locators: readonly Address[]; readonly name: string } | undefined,
  ): void {
    const { counters, lookups, emit, disarm } = this.#services;
    const { ulid } = search;
    for (const lookup of search.lookups) lookups.close(lookup);
    disarm(search);
    this.#running.delete(addressKey(ulid));
    for (const host of search.askers.keys()) this.#release(host);
    const askers = [...search.askers.values()];
    if (result !== undefined) {
      counters.searchesFound++;
      return emit({ kind: 'found', ulid, askers, ...result });
    }
    counters.searchesNotFound++;
    this.#notFound.set(addressKey(ulid), true, now + search.notFoundTtl * 1000);
    emit({ kind: 'not-found', ulid, askers });
  }

  /** The resolver says that there is nothing: for that long it will not be asked again. */
  #rememberAbsence(search: Search, answer: Answer): void {
    const rcode = answer.header.flags & 0x0f;
    if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return;
    const { notFoundTtlMax, notFoundTtlFailed } = this.#services.settings;
    search.notFoundTtl = Math.min(notFoundTtlMax, Math.max(notFoundTtlFailed, negativeTtl(answer)));
  }

  #join(search: Search, host: Address): SearchBegin {
    const known = search.askers.has(addressKey(host));
    if (!known && search.askers.size >= this.#services.settings.maxAskersPerSearch) return this.#refuse();
    if (!known) this.#ask(search, host);
    return 'searching';
  }

  #ask(search: Search, host: Address): void {
    const key = addressKey(host);
    search.askers.set(key, host);
    this.#perHost.set(key, (this.#perHost.get(key) ?? 0) + 1);
  }

  #release(host: string): void {
    const left = this.#perHost.get(host)! - 1;
    if (left === 0) this.#perHost.delete(host);
    else this.#perHost.set(host, left);
  }

  #admits(now: number, host: Address): boolean {
    const { maxSearches, maxSearchesPerHost } = this.#services.settings;
    const key = addressKey(host);
    return (
      this.#running.size < maxSearches &&
      (this.#perHost.get(key) ?? 0) < maxSearchesPerHost &&
      this.#budget.take(now, key)
    );
  }

  #refuse(): SearchBegin {
    this.#services.counters.searchesRefused++;
    return 'refused';
  }
}

const isOpen = ({ ulids, addresses }: Candidate): boolean =>
  ulids === undefined || (ulids !== 'none' && addresses === undefined);

/** The name's own records hold the address, at the end of one and the same chain. */
function isOf({ ulids, addresses }: Candidate, ulid: Address): boolean {
  if (ulids === undefined || ulids === 'none' || addresses === undefined || addresses === 'none')
    return false;
  return (
    nameKey(ulids.name) === nameKey(addresses.name) && ulids.ulids.some((one) => equalAddress(one, ulid))
  );
}

/** Locators of `name` in the additional section, if its ULID is there, too, and is the address searched for. */
function additionalLocators(
  answer: Answer,
  name: Name,
  ulid: Address,
  { ulidType, maxAddressesPerName }: Services['settings'],
): readonly Address[] {
  const { message, additional } = answer;
  const key = nameKey(name);
  const of = (type: number): RecordPlace[] =>
    additional.filter((record) => record.type === type && nameKey(ownerOf(message, record)) === key);
  const isIt = (address: Address): boolean => equalAddress(address, ulid);
  if (addressesIn(message, of(ulidType), 1, isIt).length === 0) return [];
  return addressesIn(message, of(TYPE.AAAA), maxAddressesPerName, isLocator);
}
