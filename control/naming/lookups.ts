/** Asking the resolvers: attempts, their IDs, and which answers belong to them. */
import { TransientMap } from '../limits/transient-map.ts';
import { FLAG, OPCODE_MASK } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { HEADER_LENGTH, type Header, rcodeOf, readHeader, withId } from '../wire/dns/header.ts';
import { equalQuestion, type Question, readQuestion, repeatsQuestion } from '../wire/dns/question.ts';
import { equalAddress } from '../wire/ipv6/address.ts';
import type { DnsCounters } from './counters.ts';
import type { DnsEffect } from './effect.ts';
import type { Attempt, Endpoint, Lookup, Role, Task, Transport } from './lookup.ts';
import type { Resolvers } from './resolvers.ts';
import type { DnsAlgSettings } from './settings.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** An even number. */
const RANDOM_OCTETS = 512;

export interface LookupsOptions {
  readonly random: (length: number) => Uint8Array;
  readonly resolvers: Resolvers;
  readonly settings: DnsAlgSettings;
  readonly counters: DnsCounters;
  readonly emit: (effect: DnsEffect) => void;
}

export class Lookups {
  readonly resolvers: Resolvers;
  readonly #open = new TransientMap<number, Attempt>();
  readonly #options: LookupsOptions;
  #nextQuery = 0;
  #randomOctets: Uint8Array = new Uint8Array();
  #nextRandom = 0;

  constructor(options: LookupsOptions) {
    this.#options = options;
    this.resolvers = options.resolvers;
  }

  get size(): number {
    return this.#open.size;
  }

  /** `pinned`: index of the only resolver to be asked, once. */
  start(
    now: number,
    task: Task,
    role: Role,
    { transport, message, pinned }: { transport: Transport; message: Uint8Array; pinned?: number },
  ): Lookup {
    const lookup: Lookup = {
      task,
      role,
      message,
      pinned,
      transport,
      attempts: new Set(),
      latest: undefined,
      tries: new Uint8Array(this.resolvers.all.length),
      sent: 0,
      begun: false,
      retryAt: NEVER,
      failed: false,
    };
    task.lookups.push(lookup);
    this.#send(now, lookup);
    return lookup;
  }

  /** Sends again what has waited long enough. */
  retry(now: number, task: Task): void {
    for (const lookup of task.lookups) {
      if (lookup.retryAt > now) continue;
      const { latest } = lookup;
      if (latest !== undefined) this.resolvers.missed(now, latest.resolver, latest.sentAt);
      this.#send(now, lookup);
    }
  }

  /** Nothing more is expected of what is still open: who was asked last is to blame. */
  giveUp(now: number, task: Task): void {
    for (const { latest, attempts } of task.lookups) {
      if (latest !== undefined && attempts.has(latest)) {
        this.resolvers.missed(now, latest.resolver, latest.sentAt);
      }
    }
  }

  #send(now: number, lookup: Lookup): void {
    const { settings, counters, emit } = this.#options;
    const index = this.resolvers.choose(lookup);
    const id = this.#nextId();
    const last = lookup.sent > 0 && lookup.sent + 1 === settings.maxAttempts;
    const transport = last ? 'tcp' : lookup.transport;
    const attempt: Attempt = {
      query: this.#nextQuery++,
      id,
      resolver: index,
      transport,
      sentAt: now,
      lookup,
    };
    lookup.attempts.add(attempt);
    lookup.latest = attempt;
    lookup.tries[index]!++;
    lookup.sent++;
    lookup.retryAt = this.#mayRetry(lookup) ? now + settings.retransmitAfter : NEVER;
    this.#open.set(attempt.query, attempt);
    counters.upstreamQueries++;
    emit({
      kind: 'query-upstream',
      query: attempt.query,
      resolver: this.resolvers.all[index]!,
      transport,
      message: withId(lookup.message, id),
    });
  }

  /** Unpredictable; drawn many at once, which costs hardly more than one. */
  #nextId(): number {
    if (this.#nextRandom >= this.#randomOctets.length) {
      this.#randomOctets = this.#options.random(RANDOM_OCTETS);
      this.#nextRandom = 0;
    }
    const high = this.#randomOctets[this.#nextRandom++]!;
    return (high << 8) | this.#randomOctets[this.#nextRandom++]!;
  }

  #mayRetry(lookup: Lookup): boolean {
    return lookup.pinned === undefined && !lookup.begun && lookup.sent < this.#options.settings.maxAttempts;
  }

  /** Asks again over TCP, where every answer fits; all attempts over UDP are over. */
  overTcp(now: number, lookup: Lookup): void {
    this.close(lookup);
    lookup.transport = 'tcp';
    lookup.sent = 0;
    lookup.tries.fill(0);
    lookup.failed = false;
    this.#send(now, lookup);
  }

  /** The attempt that `message` answers; undefined, and counted, if there is none. */
  match(
    now: number,
    query: number,
    source: Endpoint,
    message: Uint8Array,
  ): { attempt: Attempt; header: Header } | undefined {
    const { counters } = this.#options;
    const attempt = this.#open.get(query);
    if (attempt === undefined) {
      counters.upstreamLate++;
      return undefined;
    }
    const resolver = this.resolvers.all[attempt.resolver]!;
    const header = message.length < HEADER_LENGTH ? undefined : readHeader(message);
    if (
      header === undefined ||
      source.port !== resolver.port ||
      !equalAddress(source.address, resolver.address) ||
      header.id !== attempt.id ||
      !answersTo(header, message, attempt.lookup.message)
    ) {
      counters.upstreamMismatched++;
      return undefined;
    }
    this.resolvers.answered(now, attempt.resolver);
    return { attempt, header };
  }

  /** An attempt whose socket failed. */
  fail(now: number, query: number): Lookup | undefined {
    const attempt = this.#open.get(query);
    if (attempt === undefined) return undefined;
    const { lookup } = attempt;
    this.#options.counters.upstreamFailures++;
    this.#open.delete(query);
    lookup.attempts.delete(attempt);
    if (!lookup.begun) this.resolvers.missed(now, attempt.resolver, attempt.sentAt);
    if (this.#mayRetry(lookup)) this.#send(now, lookup);
    else if (lookup.attempts.size === 0) lookup.failed = true;
    return lookup;
  }

  /** Ends all attempts, or all but one. No further one is made. */
  close(lookup: Lookup, except?: Attempt): void {
    lookup.retryAt = NEVER;
    for (const attempt of lookup.attempts) {
      if (attempt === except) continue;
      lookup.attempts.delete(attempt);
      this.#open.delete(attempt.query);
      this.#options.emit({ kind: 'cancel-upstream', query: attempt.query });
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
  if (header.questions === 1 && asked.questions === 1 && repeatsQuestion(message, query)) return true;
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
