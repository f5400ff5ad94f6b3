/**
 * Answers on their way: to the client, to those who asked the same meanwhile, and into memory. Equal questions go upstream
 * once: many under way at a time would be as many chances for a forger (RFC 5452 §5).
 */
import { HEADER_LENGTH, withId } from '../wire/dns/header.ts';
import { AnswerCache } from './answer-cache.ts';
import type { InFlight } from './in-flight.ts';
import type { ClientQuery } from './input.ts';
import { learn, type Told, tellAgain } from './learning.ts';
import type { PlainQuery } from './plain-query.ts';
import type { Services } from './services.ts';
import type { Transaction } from './transaction.ts';

type Recipient = Pick<Transaction, 'client' | 'transport' | 'token'>;

/** What an answer says of others, and for how many seconds that holds. */
export interface Saying {
  readonly told: readonly Told[];
  readonly ttl: number;
}

const NOTHING: Saying = { told: [], ttl: Number.POSITIVE_INFINITY };

export class Delivery {
  readonly #services: Services;
  readonly #inFlight: InFlight;
  readonly #answers: AnswerCache;

  constructor(services: Services, inFlight: InFlight) {
    this.#services = services;
    this.#inFlight = inFlight;
    this.#answers = new AnswerCache(services.settings, services.ownHost);
  }

  /** Answers kept. */
  get kept(): number {
    return this.#answers.size;
  }

  /** From memory. False if there is nothing to be had. */
  again(now: number, { client, transport, token, message }: ClientQuery, plain: PlainQuery): boolean {
    const kept = this.#answers.find(now, plain, message);
    if (kept === undefined) return false;
    this.#services.counters.fromCache++;
    tellAgain(this.#services, now, client.address, kept.told, kept.ttl);
    this.give({ client, transport, token }, kept.message, kept.told);
    return true;
  }

  /** Gives the last message to whoever waits for it, and ends the transaction. */
  finish(now: number, transaction: Transaction, message: Uint8Array, { told, ttl } = NOTHING): void {
    const { plain, known, client, followers } = transaction;
    learn(this.#services, now, client.address, told, ttl);
    this.give(transaction, message, told);
    for (const follower of followers) {
      tellAgain(this.#services, now, follower.client.address, told, ttl);
      this.give(follower, readdressed(message, follower), told);
      this.#inFlight.remove(follower);
    }
    if (plain !== undefined) {
      const until = Math.min(known?.until ?? Number.POSITIVE_INFINITY, now + ttl * 1000);
      this.#answers.keep(now, plain, message, until, told);
    }
    this.end(transaction);
  }

  give({ client, transport, token }: Recipient, message: Uint8Array, told: readonly Told[] = []): void {
    this.#services.emit({ kind: 'answer', client, transport, token, message, told });
  }

  end(transaction: Transaction): void {
    for (const lookup of transaction.lookups) this.#services.lookups.close(lookup);
    this.#services.disarm(transaction);
    this.#inFlight.remove(transaction);
  }
}

/** The answer to an equal question: with the follower's ID and letters. */
function readdressed(message: Uint8Array, { message: query, plain }: Transaction): Uint8Array {
  const copy = withId(message, (query[0]! << 8) | query[1]!);
  const { questionEnd } = plain!;
  // An answer without the question (an error) has none to adapt.
  const same = copy.length >= questionEnd && copy[5] === 1 && equalButLetters(copy, query, questionEnd);
  if (same) copy.set(query.subarray(HEADER_LENGTH, questionEnd), HEADER_LENGTH);
  return copy;
}

function equalButLetters(first: Uint8Array, second: Uint8Array, end: number): boolean {
  for (let at = HEADER_LENGTH; at < end; at++) {
    // A letter's case is bit 5; what else differs in it alone was told apart when the questions were compared.
    if ((first[at]! | 0x20) !== (second[at]! | 0x20)) return false;
  }
  return true;
}
