/** The hosts' queries: what is asked because of each, and what each is answered. */
import { FLAG, RCODE } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { HEADER_LENGTH, type Header, readHeader, withId } from '../wire/dns/header.ts';
import { formatName } from '../wire/dns/name.ts';
import { type Answer, readAnswer } from './answer.ts';
import { type AnswerableQuery, classifyQuery, type Query } from './classify.ts';
import { Delivery } from './delivery.ts';
import { InFlight, keyOfCopies } from './in-flight.ts';
import type { ClientQuery } from './input.ts';
import { type Told, toldOf } from './learning.ts';
import type { Attempt, Lookup } from './lookup.ts';
import { plainQuery } from './plain-query.ts';
import { answerOwn, answerServerFailure, answerTruncated, sizeLimit } from './rewrite.ts';
import { Rewriter } from './rewriter.ts';
import type { Services } from './services.ts';
import { openTransaction, type Transaction } from './transaction.ts';
import { type KnownUlids, UlidCache } from './ulid-cache.ts';
import { buildUlidQuestion, heldFor, type Ulids } from './ulids.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class ClientQueries {
  readonly #services: Services;
  readonly #inFlight: InFlight;
  readonly #ulidCache: UlidCache;
  readonly #rewriter: Rewriter;
  readonly #delivery: Delivery;

  constructor(services: Services) {
    this.#services = services;
    this.#inFlight = new InFlight(services.settings, services.counters);
    this.#ulidCache = new UlidCache(services.settings);
    this.#rewriter = new Rewriter(services);
    this.#delivery = new Delivery(services, this.#inFlight);
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Answers kept. */
  get kept(): number {
    return this.#delivery.kept;
  }

  /** Any octets that a client sent. False if there will be no answer: no query, a copy, or (UDP) no room. */
  handle(now: number, asked: ClientQuery): boolean {
    const { client, transport, message } = asked;
    const { counters, settings, lookups } = this.#services;
    if (message.length < HEADER_LENGTH || (message[2]! & 0x80) !== 0) {
      counters.notQueries++;
      return false;
    }
    counters.queries++;
    const plain = plainQuery(transport, message);
    if (plain !== undefined && this.#delivery.again(now, asked, plain)) return true;
    const query = this.#classify(message);
    const own = query.treatment === 'pass' ? undefined : this.#rewriter.own(query.question!.name);
    if (own !== undefined && query.treatment !== 'service') {
      counters.ownNames++;
      counters.rewritten++;
      this.#delivery.give(asked, answerOwn({ query: query as AnswerableQuery, transport }, own));
      return true;
    }
    const copyKey = transport === 'udp' ? keyOfCopies(client, message, query) : undefined;
    if (this.#inFlight.isCopy(copyKey)) return false;
    if (!this.#inFlight.admits(client.address, message.length)) {
      // Over UDP silence costs a flood least; over TCP it would stall the queries behind this one.
      if (transport === 'tcp') this.#delivery.give(asked, answerServerFailure(query));
      return transport === 'tcp';
    }
    const transaction = openTransaction(now, asked, query, { plain, copyKey, deadline: settings.deadline });
    if (own !== undefined) transaction.known = { ulids: own, until: now };
    else if (query.treatment !== 'pass') transaction.known = this.#ulidCache.find(now, query);
    const leader = this.#inFlight.add(now, transaction);
    this.#inFlight.hold(transaction, message.length);
    if (leader !== undefined) {
      counters.joined++;
      leader.followers.push(transaction);
      return true;
    }
    // The client's transport upstream too: answers that pass must be those the client would have got itself.
    lookups.start(now, transaction, 'main', { transport, message });
    if (query.treatment !== 'pass' && transaction.known === undefined) {
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
        transaction.known = this.#readUlids(now, transaction.query, message);
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
      this.#delivery.end(transaction);
    } else if (answer === undefined && truncated === undefined) {
      if (expired || main.failed) this.#fail(now, transaction);
      else this.#services.arm(transaction);
    } else if (
      query.treatment === 'pass' ||
      (answer !== undefined && rcodeOfMessage(answer) !== RCODE.NOERROR)
    ) {
      transaction.known = undefined;
      this.#pass(now, transaction);
    } else if (transaction.known === undefined) {
      this.#await(now, transaction, ulid!, expired);
    } else if (query.treatment === 'any' || answer !== undefined) {
      this.#rewrite(now, transaction, (answer ?? truncated)!, transaction.known.ulids);
    } else if (transaction.known.ulids === 'none') {
      this.#pass(now, transaction);
    } else if (main.failed || expired) {
      this.#fail(now, transaction);
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
      transaction.known = { ulids: 'none', until: now };
      this.advance(now, transaction);
    } else {
      this.#services.arm(transaction);
    }
  }

  #rewrite(now: number, transaction: Transaction, message: Uint8Array, published: Ulids | 'none'): void {
    const { counters } = this.#services;
    // Without ULIDs only aliases, which take two records, or service records can be ours to change.
    if (published === 'none' && transaction.query.treatment !== 'service' && !hasAliases(message)) {
      return this.#pass(now, transaction);
    }
    try {
      const main = readAnswer(message);
      const rewritten = this.#rewriter.rewrite(transaction, main, published);
      if (rewritten === undefined) return this.#pass(now, transaction);
      counters.rewritten++;
      const told = this.#told(transaction, main, rewritten.told);
      const ttl = Math.min(heldFor(main), rewritten.told?.ttl ?? NEVER, rewritten.told?.aliasTtl ?? NEVER);
      this.#delivery.finish(now, transaction, rewritten.message, { told, ttl });
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
      counters.upstreamMalformed++;
      // What cannot be read and need not be changed is the client's to judge.
      if (published === 'none') this.#pass(now, transaction);
      else this.#fail(now, transaction);
    }
  }

  /** Whom the client is told of, and where: nobody if the name is one of the site. */
  #told({ query }: Transaction, main: Answer, ulids: Ulids | undefined): readonly Told[] {
    if (ulids?.answer === undefined) return [];
    const locators = this.#rewriter.locatorsIn(main);
    if (locators.length === 0) this.#services.counters.withoutLocators++;
    return toldOf(formatName(query.question!.name), ulids.ulids, locators);
  }

  /** A malformed answer is none: the name works without, for this once. */
  #readUlids(now: number, query: Query, message: Uint8Array): KnownUlids {
    try {
      return this.#ulidCache.learn(now, query, message);
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
      this.#services.counters.upstreamMalformed++;
      return { ulids: 'none', until: now };
    }
  }

  #classify(message: Uint8Array): Query {
    const query = classifyQuery(message);
    const passes = query.treatment === 'ipv4' && !this.#services.settings.hideIpv4;
    return passes ? { ...query, treatment: 'pass' } : query;
  }

  /** The resolver's own answer; its truncated form where the whole one does not fit. */
  #pass(now: number, transaction: Transaction): void {
    const { answer, truncated, query, transport } = transaction;
    const fits = answer !== undefined && answer.length <= sizeLimit(query, transport);
    this.#services.counters.passed++;
    const whole = fits || transport === 'tcp' ? answer : truncated;
    const message = whole === undefined ? shortened(query, answer!) : withId(whole, query.header.id);
    this.#delivery.finish(now, transaction, message);
  }

  /** One message of several. */
  #relay(transaction: Transaction, message: Uint8Array): void {
    transaction.relayed++;
    this.#delivery.give(transaction, withId(message, transaction.query.header.id));
  }

  #fail(now: number, transaction: Transaction): void {
    this.#services.counters.serverFailures++;
    this.#delivery.finish(now, transaction, answerServerFailure(transaction.query));
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
