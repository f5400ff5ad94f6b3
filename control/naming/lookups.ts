/** Asking the resolvers: attempts, their IDs, and which answers belong to them. */
import { FLAG, OPCODE_MASK } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { HEADER_LENGTH, type Header, rcodeOf, readHeader, withId } from '../wire/dns/header.ts';
import { equalQuestion, type Question, readQuestion } from '../wire/dns/question.ts';
import { equalAddress } from '../wire/ipv6/address.ts';
import type { DnsCounters } from './counters.ts';
import type { DnsEffect } from './effect.ts';
import type { DnsAlgSettings } from './settings.ts';
import type { Attempt, Endpoint, Lookup, Transaction, Transport } from './transaction.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class Lookups {
  readonly #open = new Map<number, Attempt>();
  readonly #random: (length: number) => Uint8Array;
  readonly #resolvers: readonly Endpoint[];
  readonly #settings: DnsAlgSettings;
  readonly #counters: DnsCounters;
  readonly #emit: (effect: DnsEffect) => void;
  #nextQuery = 0;
  /** Index of the resolver asked first: the one after the last that kept us waiting. */
  #preferred = 0;

  constructor(
    random: (length: number) => Uint8Array,
    resolvers: readonly Endpoint[],
    settings: DnsAlgSettings,
    counters: DnsCounters,
    emit: (effect: DnsEffect) => void,
  ) {
    this.#random = random;
    this.#resolvers = resolvers;
    this.#settings = settings;
    this.#counters = counters;
    this.#emit = emit;
  }

  get size(): number {
    return this.#open.size;
  }

  start(
    now: number,
    transaction: Transaction,
    role: Lookup['role'],
    transport: Transport,
    message: Uint8Array,
  ): Lookup {
    const lookup: Lookup = {
      transaction,
      role,
      message,
      transport,
      first: this.#preferred,
      attempts: new Set(),
      sent: 0,
      retryAt: NEVER,
      failed: false,
    };
    transaction.lookups.push(lookup);
    this.send(now, lookup);
    return lookup;
  }

  /** The next attempt, at the next resolver. */
  send(now: number, lookup: Lookup): void {
    const count = this.#resolvers.length;
    if (lookup.sent === 1 && this.#preferred === lookup.first) this.#preferred = (lookup.first + 1) % count;
    const resolver = this.#resolvers[(lookup.first + lookup.sent) % count]!;
    const [high, low] = this.#random(2);
    const id = (high! << 8) | low!;
    const attempt: Attempt = { query: this.#nextQuery++, id, resolver, lookup };
    lookup.attempts.add(attempt);
    lookup.sent++;
    lookup.retryAt = lookup.sent < this.#settings.maxAttempts ? now + this.#settings.retransmitAfter : NEVER;
    this.#open.set(attempt.query, attempt);
    this.#counters.upstreamQueries++;
    this.#emit({
      kind: 'query-upstream',
      query: attempt.query,
      resolver,
      transport: lookup.transport,
      message: withId(lookup.message, id),
    });
  }

  /** Asks again over TCP, where every answer fits; all attempts over UDP are over. */
  overTcp(now: number, lookup: Lookup): void {
    this.close(lookup);
    lookup.transport = 'tcp';
    lookup.sent = 0;
    lookup.failed = false;
    lookup.first = this.#preferred;
    this.send(now, lookup);
  }

  /** The attempt that `message` answers; undefined, and counted, if there is none. */
  match(
    query: number,
    source: Endpoint,
    message: Uint8Array,
  ): { attempt: Attempt; header: Header } | undefined {
    const attempt = this.#open.get(query);
    if (attempt === undefined) {
      this.#counters.upstreamLate++;
      return undefined;
    }
    const header = message.length < HEADER_LENGTH ? undefined : readHeader(message);
    if (
      header === undefined ||
      source.port !== attempt.resolver.port ||
      !equalAddress(source.address, attempt.resolver.address) ||
      header.id !== attempt.id ||
      !answersTo(header, message, attempt.lookup.message)
    ) {
      this.#counters.upstreamMismatched++;
      return undefined;
    }
    return { attempt, header };
  }

  /** An attempt whose socket failed. */
  fail(now: number, query: number): Lookup | undefined {
    const attempt = this.#open.get(query);
    if (attempt === undefined) return undefined;
    const { lookup } = attempt;
    this.#counters.upstreamFailures++;
    this.#open.delete(query);
    lookup.attempts.delete(attempt);
    if (lookup.sent < this.#settings.maxAttempts && lookup.transaction.relayed === 0) {
      this.send(now, lookup);
    } else if (lookup.attempts.size === 0) {
      lookup.failed = true;
    }
    return lookup;
  }

  /** Ends all attempts, or all but one. No further one is made. */
  close(lookup: Lookup, except?: Attempt): void {
    lookup.retryAt = NEVER;
    for (const attempt of lookup.attempts) {
      if (attempt === except) continue;
      lookup.attempts.delete(attempt);
      this.#open.delete(attempt.query);
      this.#emit({ kind: 'cancel-upstream', query: attempt.query });
    }
  }
}

/**
 * The answer's question is the query's. Servers that could not read the query, or refuse to, may leave the
 * question out; a query without a question of ours to compare is matched by the rest alone.
 */
function answersTo(header: Header, message: Uint8Array, query: Uint8Array): boolean {
  const asked = readHeader(query);
  if ((header.flags & FLAG.QR) === 0 || (header.flags & OPCODE_MASK) !== (asked.flags & OPCODE_MASK))
    return false;
  const question = questionOf(query, asked);
  if (question === undefined) return true;
  if (header.questions === 0) return rcodeOf(header) !== 0;
  const answered = questionOf(message, header);
  return answered !== undefined && equalQuestion(question, answered);
}

function questionOf(message: Uint8Array, header: Header): Question | undefined {
  try {
    return readQuestion(message, header);
  } catch (error) {
    if (error instanceof DnsDecodeError) return undefined;
    throw error;
  }
}
