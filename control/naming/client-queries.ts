/** The hosts' queries: what is asked because of each, and what each is answered. */
import { FLAG, RCODE, TYPE } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { HEADER_LENGTH, type Header, readHeader, withId } from '../wire/dns/header.ts';
import { formatName } from '../wire/dns/name.ts';
import { locatorsFor } from './addresses.ts';
import { type Answer, readAnswer } from './answer.ts';
import { type AnswerableQuery, classifyQuery, type Query } from './classify.ts';
import { InFlight, keyOfCopies } from './in-flight.ts';
import type { ClientQuery } from './input.ts';
import type { Attempt, Lookup } from './lookup.ts';
import { answerOwn, answerServerFailure, answerTruncated, sizeLimit } from './rewrite.ts';
import { Rewriter } from './rewriter.ts';
import type { Services } from './services.ts';
import type { Transaction } from './transaction.ts';
import { UlidCache } from './ulid-cache.ts';
import { buildUlidQuestion, readUlids, smallestTtl, type Ulids } from './ulids.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class ClientQueries {
  readonly #services: Services;
  readonly #inFlight: InFlight;
  readonly #ulidCache: UlidCache;
  readonly #rewriter: Rewriter;

  constructor(services: Services) {
    this.#services = services;
    this.#inFlight = new InFlight(services.settings, services.counters);
    this.#ulidCache = new UlidCache(services.settings);
    this.#rewriter = new Rewriter(services);
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Any octets that a client sent. False if there will be no answer: no query, a copy, or (UDP) no room. */
  handle(now: number, { client, transport, token, message }: ClientQuery): boolean {
    const { counters, settings, lookups } = this.#services;
    if (message.length < HEADER_LENGTH || (message[2]! & 0x80) !== 0) {
      counters.notQueries++;
      return false;
    }
    counters.queries++;
    const query = this.#classify(message);
    const own = query.treatment === 'pass' ? undefined : this.#rewriter.own(query.question!.name);
    if (own !== undefined && query.treatment !== 'service') {
      counters.ownNames++;
      counters.rewritten++;
      this.#answer(
        { client, transport, token },
        answerOwn({ query: query as AnswerableQuery, transport }, own),
      );
      return true;
    }
    const copyKey = transport === 'udp' ? keyOfCopies(client, message, query) : undefined;
    if (this.#inFlight.isCopy(copyKey)) return false;
    if (!this.#inFlight.admits(client.address, message.length)) {
      // Over UDP silence costs a flood least; over TCP it would stall the queries behind this one.
      if (transport === 'tcp') this.#answer({ client, transport, token }, answerServerFailure(query));
      return transport === 'tcp';
    }
    const transaction: Transaction = {
      kind: 'query',
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
      ulids: own ?? this.#cachedUlids(now, query),
      relayed: 0,
      deadline: now + settings.deadline,
      graceEnd: NEVER,
      wakeAt: NEVER,
    };
    this.#inFlight.add(transaction);
    this.#inFlight.hold(transaction, message.length);
    // The client's transport upstream too: answers that pass must be those the client would have got itself.
    lookups.start(now, transaction, 'main', { transport, message });
    if (query.treatment !== 'pass' && transaction.ulids === undefined) {
      const ulidQuestion = buildUlidQuestion(message, query as AnswerableQuery, settings.ulidType);
      lookups.start(now, transaction, 'ulid', { transport: 'udp', message: ulidQuestion });
    }
    this.#services.arm(transaction);
    return true;
  }

  /** The answer to one of the transaction's attempts. */
  answered(
    now: number,
    transaction: Transaction,
    attempt: Attempt,
    header: Header,
    message: Uint8Array,
  ): void {
    const { lookups, settings } = this.#services;
    const { lookup } = attempt;
    if (transaction.transfer) {
      lookup.begun = true;
      this.#relay(transaction, message);
      lookups.close(lookup, attempt);
      transaction.deadline = now + settings.deadline;
      this.#services.arm(transaction);
      return;
    }
    this.#inFlight.hold(transaction, message.length);
    const truncated = (header.flags & FLAG.TC) !== 0 && attempt.transport === 'udp';
    if (lookup.role === 'ulid' && truncated) {
      lookups.overTcp(now, lookup);
    } else {
      lookups.close(lookup);
      if (lookup.role === 'ulid') {
        transaction.ulids = this.#readUlids(now, transaction.query, message);
        transaction.graceEnd = NEVER;
      } else if (truncated && transaction.query.treatment !== 'pass') transaction.truncated = message;
      else transaction.answer = message;
    }
    this.advance(now, transaction);
  }

  /** Answers if everything needed is there, or will not come; otherwise sets the next deadline. */
  advance(now: number, transaction: Transaction): void {
    const { answer, truncated, query } = transaction;
    const [main, ulid] = transaction.lookups as [Lookup, Lookup | undefined];
    const expired = now >= transaction.deadline;
    if (expired) this.#services.lookups.giveUp(now, transaction);
    if (transaction.transfer && transaction.relayed > 0 && (expired || main.failed)) {
      this.#end(transaction);
    } else if (answer === undefined && truncated === undefined) {
      if (expired || main.failed) this.#fail(transaction);
      else this.#services.arm(transaction);
    } else if (
      query.treatment === 'pass' ||
      (answer !== undefined && rcodeOfMessage(answer) !== RCODE.NOERROR)
    ) {
      this.#pass(transaction);
    } else if (transaction.ulids === undefined) {
      this.#await(now, transaction, ulid!, expired);
    } else if (query.treatment === 'any' || answer !== undefined) {
      this.#rewrite(now, transaction, (answer ?? truncated)!, transaction.ulids);
    } else if (transaction.ulids === 'none') {
      this.#pass(transaction);
    } else if (main.failed || expired) {
      this.#fail(transaction);
    } else {
      // The name has ULIDs, so what did not fit is needed whole. Once: over TCP nothing is truncated.
      if (main.transport === 'udp') this.#services.lookups.overTcp(now, main);
      this.#services.arm(transaction);
    }
  }

  /**
   * A name must not break because a server on its way cannot bear a type it does not know: the ULID answer was asked
   * for at the same time as the other and gets a short while more, then hosts are told the locators, as they would be
   * without this box.
   */
  #await(now: number, transaction: Transaction, ulid: Lookup, expired: boolean): void {
    const { settings, counters } = this.#services;
    if (transaction.graceEnd === NEVER) transaction.graceEnd = now + settings.ulidGrace;
    if (ulid.failed || expired || now >= transaction.graceEnd) {
      counters.ulidMissed++;
      transaction.ulids = 'none';
      this.advance(now, transaction);
    } else {
      this.#services.arm(transaction);
    }
  }

  #rewrite(now: number, transaction: Transaction, message: Uint8Array, published: Ulids | 'none'): void {
    const { counters } = this.#services;
    // Without ULIDs only aliases, which take two records, or service records can be ours to change.
    if (published === 'none' && transaction.query.treatment !== 'service' && !hasAliases(message)) {
      return this.#pass(transaction);
    }
    try {
      const main = readAnswer(message);
      const rewritten = this.#rewriter.rewrite(transaction, main, published);
      if (rewritten === undefined) return this.#pass(transaction);
      counters.rewritten++;
      this.#answer(transaction, rewritten.message);
      if (rewritten.told !== undefined) this.#learn(now, transaction, main, rewritten.told);
      this.#end(transaction);
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
      counters.upstreamMalformed++;
      // What cannot be read and need not be changed is the client's to judge.
      if (published === 'none') this.#pass(transaction);
      else this.#fail(transaction);
    }
  }

  #learn(now: number, { client, query }: Transaction, main: Answer, ulids: Ulids): void {
    if (ulids.answer === undefined) return;
    const { counters, locators: cache, settings } = this.#services;
    const locators = this.#rewriter.locatorsIn(main);
    if (locators.length === 0) {
      counters.withoutLocators++;
      return;
    }
    const told = Math.min(smallestTtl(main.aliases, main.records), ulids.ttl, ulids.aliasTtl);
    const ttl = Math.min(settings.locatorTtlMax, Math.max(settings.locatorTtlMin, told));
    const name = formatName(query.question!.name);
    for (const ulid of ulids.ulids) {
      const its = locatorsFor(ulid, ulids.ulids, locators);
      cache.learn(now, ulid, its, name, ttl);
      this.#services.emit({ kind: 'learned', host: client.address, ulid, locators: its, ttl, name });
    }
  }

  #classify(message: Uint8Array): Query {
    const query = classifyQuery(message);
    const passes = query.treatment === 'ipv4' && !this.#services.settings.hideIpv4;
    return passes ? { ...query, treatment: 'pass' } : query;
  }

  /** Not for a client that wants no validation, whose answers may be bogus: nor is what it gets remembered. */
  #cachedUlids(now: number, { header, question, treatment }: Query): Ulids | 'none' | undefined {
    if (treatment === 'pass' || (header.flags & FLAG.CD) !== 0) return undefined;
    return this.#ulidCache.get(now, question!.name);
  }

  /** A malformed answer is none: the name works without. */
  #readUlids(now: number, { header, question }: Query, message: Uint8Array): Ulids | 'none' {
    const { settings, counters } = this.#services;
    try {
      const { ulids, negativeTtl } = readUlids(message, settings);
      if ((header.flags & FLAG.CD) === 0) this.#ulidCache.learn(now, question!.name, ulids, negativeTtl);
      return ulids;
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
      counters.upstreamMalformed++;
      return 'none';
    }
  }

  /** The resolver's own answer; its truncated form where the whole one does not fit. */
  #pass(transaction: Transaction): void {
    const { answer, truncated, query, transport } = transaction;
    const fits = answer !== undefined && answer.length <= sizeLimit(query, transport);
    this.#services.counters.passed++;
    if (fits || truncated !== undefined || transport === 'tcp') {
      this.#relay(transaction, fits || transport === 'tcp' ? answer! : truncated!);
    } else {
      this.#answer(transaction, shortened(query, answer!));
    }
    this.#end(transaction);
  }

  #relay(transaction: Transaction, message: Uint8Array): void {
    transaction.relayed++;
    this.#answer(transaction, withId(message, transaction.query.header.id));
  }

  #fail(transaction: Transaction): void {
    this.#services.counters.serverFailures++;
    this.#answer(transaction, answerServerFailure(transaction.query));
    this.#end(transaction);
  }

  #answer(to: Pick<Transaction, 'client' | 'transport' | 'token'>, message: Uint8Array): void {
    this.#services.emit({
      kind: 'answer',
      client: to.client,
      transport: to.transport,
      token: to.token,
      message,
    });
  }

  #end(transaction: Transaction): void {
    for (const lookup of transaction.lookups) this.#services.lookups.close(lookup);
    this.#services.disarm(transaction);
    this.#inFlight.remove(transaction);
  }
}

const hasAliases = (message: Uint8Array): boolean => readHeader(message).answers > 1;
const rcodeOfMessage = (message: Uint8Array): number => message[3]! & 0x0f;

/** Of an answer that is longer than the client takes: with TC, or, if it cannot be read, as it is. */
function shortened(query: Query, message: Uint8Array): Uint8Array {
  try {
    return answerTruncated({ query }, readAnswer(message));
  } catch (error) {
    if (!(error instanceof DnsDecodeError)) throw error;
    return withId(message, query.header.id);
  }
}
