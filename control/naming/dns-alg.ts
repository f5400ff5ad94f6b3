/**
 * The DNS ALG: hosts ask it, it asks the resolvers, and where a name has ULIDs the host is told those and not
 * the locators. Model: RFC 6147 (DNS64). What it need not change passes byte for byte but the ID.
 *
 * Sans-IO: inputs are the `handle…` methods, `now` is milliseconds of a monotonic clock, effects come out of
 * `pollEffect`, and `handleTimeout` is due at `nextTimeout`.
 */
import { FLAG, RCODE, TYPE } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { HEADER_LENGTH, withId } from '../wire/dns/header.ts';
import { formatName, nameKey } from '../wire/dns/name.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { addressesIn, isLocator } from './addresses.ts';
import { type Answer, readAnswer, succeeded } from './answer.ts';
import { classifyQuery } from './classify.ts';
import { createDnsCounters, type DnsCounters } from './counters.ts';
import { Deadlines } from './deadlines.ts';
import type { DnsEffect } from './effect.ts';
import { InFlight, keyOfCopies } from './in-flight.ts';
import type { ClientQuery, DnsAlgOptions, UpstreamAnswer } from './input.ts';
import { LocatorCache } from './locator-cache.ts';
import { Lookups } from './lookups.ts';
import {
  type AnswerableQuery,
  answerNoData,
  answerServerFailure,
  answerService,
  answerUlids,
  sizeLimit,
  smallestTtl,
  type Ulids,
} from './rewrite.ts';
import { DEFAULT_DNS_ALG_SETTINGS, type DnsAlgSettings } from './settings.ts';
import type { Lookup, Transaction } from './transaction.ts';
import { buildUlidQuery, readUlids, tellable } from './ulid-lookup.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class DnsAlgError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DnsAlgError';
  }
}

export class DnsAlg {
  readonly counters: DnsCounters = createDnsCounters();
  readonly locators: LocatorCache;
  readonly #settings: DnsAlgSettings;
  readonly #lookups: Lookups;
  readonly #inFlight: InFlight;
  readonly #deadlines = new Deadlines<Transaction>();
  #effects: DnsEffect[] = [];
  #polled = 0;

  /** Throws DnsAlgError if there is no resolver. */
  constructor({ random, resolvers, settings }: DnsAlgOptions) {
    if (resolvers.length === 0) throw new DnsAlgError('no resolver: the DNS ALG needs at least one');
    this.#settings = { ...DEFAULT_DNS_ALG_SETTINGS, ...settings };
    this.#inFlight = new InFlight(this.#settings, this.counters);
    this.locators = new LocatorCache(this.#settings.locatorCacheCapacity);
    this.#lookups = new Lookups(random, resolvers, this.#settings, this.counters, (effect) =>
      this.#emit(effect),
    );
  }

  /** Client queries under way. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Messages under way upstream. */
  get upstreamInFlight(): number {
    return this.#lookups.size;
  }

  pollEffect(): DnsEffect | undefined {
    const effect = this.#effects[this.#polled++];
    if (effect === undefined) {
      this.#effects = [];
      this.#polled = 0;
    }
    return effect;
  }

  nextTimeout(): number | undefined {
    return this.#deadlines.next();
  }

  /** Any octets that a client sent. False if there will be no answer: no query, a copy, or (UDP) no room. */
  handleQuery(now: number, { client, transport, token, message }: ClientQuery): boolean {
    if (message.length < HEADER_LENGTH || (message[2]! & 0x80) !== 0) {
      this.counters.notQueries++;
      return false;
    }
    this.counters.queries++;
    const query = classifyQuery(message);
    const copyKey = transport === 'udp' ? keyOfCopies(client, message, query) : undefined;
    if (this.#inFlight.isCopy(copyKey)) return false;
    if (!this.#inFlight.admits(client.address, message.length)) {
      // Over UDP silence costs a flood least; over TCP it would stall the queries behind this one.
      if (transport === 'tcp') this.#answer({ client, transport, token }, answerServerFailure(query));
      return transport === 'tcp';
    }
    const transaction: Transaction = {
      client,
      transport,
      token,
      query,
      transfer:
        transport === 'tcp' && (query.question?.type === TYPE.AXFR || query.question?.type === TYPE.IXFR),
      copyKey,
      octets: 0,
      lookups: [],
      answer: undefined,
      truncated: undefined,
      ulids: undefined,
      relayed: 0,
      deadline: now + this.#settings.deadline,
      graceEnd: NEVER,
      wakeAt: NEVER,
    };
    this.#inFlight.add(transaction);
    this.#inFlight.hold(transaction, message.length);
    // The client's transport upstream too: answers that pass must be those the client would have got itself.
    this.#lookups.start(now, transaction, 'main', transport, message);
    if (query.treatment !== 'pass') {
      this.#lookups.start(
        now,
        transaction,
        'ulid',
        'udp',
        buildUlidQuery(query as AnswerableQuery, this.#settings.ulidType),
      );
    }
    this.#arm(transaction);
    return true;
  }

  /** Any octets that came back on the socket of an upstream query. */
  handleUpstream(now: number, { query, resolver, message }: UpstreamAnswer): void {
    const matched = this.#lookups.match(query, resolver, message);
    if (matched === undefined) return;
    const { lookup } = matched.attempt;
    const { transaction } = lookup;
    if (transaction.transfer) {
      this.#relay(transaction, message);
      this.#lookups.close(lookup, matched.attempt);
      transaction.deadline = now + this.#settings.deadline;
      this.#arm(transaction);
      return;
    }
    this.#inFlight.hold(transaction, message.length);
    const truncated = (matched.header.flags & FLAG.TC) !== 0 && lookup.transport === 'udp';
    if (lookup.role === 'ulid') {
      if (truncated) {
        this.#lookups.overTcp(now, lookup);
      } else {
        this.#lookups.close(lookup);
        transaction.ulids = this.#readUlids(message);
        transaction.graceEnd = NEVER;
      }
    } else {
      this.#lookups.close(lookup);
      if (truncated && transaction.query.treatment !== 'pass') transaction.truncated = message;
      else transaction.answer = message;
    }
    this.#advance(now, transaction);
  }

  /** The socket of an upstream query failed or was closed by the resolver. */
  handleUpstreamFailure(now: number, query: number): void {
    const lookup = this.#lookups.fail(now, query);
    if (lookup === undefined) return;
    this.#advance(now, lookup.transaction);
  }

  handleTimeout(now: number): void {
    for (;;) {
      const transaction = this.#deadlines.takeDue(now);
      if (transaction === undefined) return;
      for (const lookup of transaction.lookups) if (lookup.retryAt <= now) this.#lookups.send(now, lookup);
      this.#advance(now, transaction);
    }
  }

  /** Answers if everything needed is there, or will not come; otherwise sets the next deadline. */
  #advance(now: number, transaction: Transaction): void {
    const { answer, truncated, query } = transaction;
    const [main, ulid] = transaction.lookups as [Lookup, Lookup | undefined];
    const expired = now >= transaction.deadline;
    if (transaction.transfer && transaction.relayed > 0 && (expired || main.failed)) {
      this.#end(transaction);
    } else if (answer === undefined && truncated === undefined) {
      if (expired || main.failed) this.#fail(transaction);
      else this.#arm(transaction);
    } else if (ulid === undefined || (answer !== undefined && rcodeOfMessage(answer) !== RCODE.NOERROR)) {
      this.#pass(transaction);
    } else if (transaction.ulids === undefined) {
      // A name must not break because a server on its way cannot bear a type it does not know: the ULID
      // answer was asked for at the same time as the other and gets a short while more, then hosts are told
      // the locators, as they would be without this box.
      if (transaction.graceEnd === NEVER) transaction.graceEnd = now + this.#settings.ulidGrace;
      if (ulid.failed || expired || now >= transaction.graceEnd) {
        this.counters.ulidMissed++;
        this.#pass(transaction);
      } else {
        this.#arm(transaction);
      }
    } else if (transaction.ulids === 'none') {
      this.#pass(transaction);
    } else if (answer !== undefined) {
      this.#rewrite(now, transaction, query as AnswerableQuery, answer, transaction.ulids);
    } else if (main.failed || expired) {
      this.#fail(transaction);
    } else {
      // The name has ULIDs, so what did not fit is needed whole. Once: over TCP nothing is truncated.
      if (main.transport === 'udp') this.#lookups.overTcp(now, main);
      this.#arm(transaction);
    }
  }

  #rewrite(
    now: number,
    transaction: Transaction,
    query: AnswerableQuery,
    message: Uint8Array,
    published: Ulids,
  ): void {
    try {
      const main = readAnswer(message);
      const different = nameKey(main.name) !== nameKey(published.answer.name);
      const asksAddresses = query.treatment === 'locators';
      const ulids = tellable(published, asksAddresses ? this.#locatorsIn(main) : [], this.#settings);
      if (ulids === 'none' || !succeeded(main) || (main.records.length === 0 && !asksAddresses)) {
        this.#pass(transaction);
      } else if (different && main.records.length > 0) {
        this.counters.chainMismatched++;
        this.#pass(transaction);
      } else {
        const { transport } = transaction;
        const rewritten = asksAddresses
          ? answerUlids(query, transport, main, ulids)
          : query.treatment === 'ipv4'
            ? answerNoData(query, transport, main, ulids)
            : answerService(query, transport, main);
        this.counters.rewritten++;
        this.#answer(transaction, rewritten);
        if (asksAddresses) this.#learn(now, transaction, query, main, ulids);
        this.#end(transaction);
      }
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
      this.counters.upstreamMalformed++;
      this.#fail(transaction);
    }
  }

  #learn(now: number, { client }: Transaction, query: AnswerableQuery, main: Answer, ulids: Ulids): void {
    const locators = this.#locatorsIn(main);
    if (locators.length === 0) {
      this.counters.withoutLocators++;
      return;
    }
    const ttl = smallestTtl(main.aliases, main.records, ulids.answer.aliases, ulids.answer.records);
    const name = formatName(query.question.name);
    for (const ulid of ulids.ulids) {
      this.locators.learn(now, ulid, locators, name, ttl);
      this.#emit({ kind: 'learned', host: client.address, ulid, locators, ttl, name });
    }
  }

  #locatorsIn(main: Answer): readonly Address[] {
    return addressesIn(main.message, main.records, this.#settings.maxAddressesPerName, isLocator);
  }

  /** A malformed answer is none: the name works without. */
  #readUlids(message: Uint8Array): Ulids | 'none' {
    try {
      return readUlids(message, this.#settings);
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
      this.counters.upstreamMalformed++;
      return 'none';
    }
  }

  /** The resolver's own answer; its truncated form where the whole one does not fit. */
  #pass(transaction: Transaction): void {
    const { answer, truncated, query, transport } = transaction;
    const fits =
      answer !== undefined && (truncated === undefined || answer.length <= sizeLimit(query, transport));
    this.counters.passed++;
    this.#relay(transaction, fits ? answer : truncated!);
    this.#end(transaction);
  }

  #relay(transaction: Transaction, message: Uint8Array): void {
    transaction.relayed++;
    this.#answer(transaction, withId(message, transaction.query.header.id));
  }

  #fail(transaction: Transaction): void {
    this.counters.serverFailures++;
    this.#answer(transaction, answerServerFailure(transaction.query));
    this.#end(transaction);
  }

  #answer(to: Pick<Transaction, 'client' | 'transport' | 'token'>, message: Uint8Array): void {
    this.#emit({ kind: 'answer', client: to.client, transport: to.transport, token: to.token, message });
  }

  #end(transaction: Transaction): void {
    for (const lookup of transaction.lookups) this.#lookups.close(lookup);
    this.#deadlines.set(transaction, NEVER);
    this.#inFlight.remove(transaction);
  }

  #arm(transaction: Transaction): void {
    const retries = transaction.lookups.map((lookup) => lookup.retryAt);
    this.#deadlines.set(transaction, Math.min(transaction.deadline, transaction.graceEnd, ...retries));
  }

  #emit(effect: DnsEffect): void {
    this.#effects.push(effect);
  }
}

const rcodeOfMessage = (message: Uint8Array): number => message[3]! & 0x0f;
