/** What every part of the core works with: tables, deadlines, effects, counters, and the randomness passed in. */
import type { IdentityProvider } from '../identity/identity-provider.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { EncodeError } from '../wire/octets.ts';
import { encodeMessage, type Message } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import { ContextTable } from './context-table.ts';
import { type CounterName, zeroCounters } from './counters.ts';
import { Deadlines } from './deadlines.ts';
import type { Effect } from './effects.ts';
import { ErrorReporter } from './error-message.ts';
import type { Handshake } from './handshake.ts';
import type { Doubts } from './locator-pairs.ts';
import { Queue } from './queue.ts';
import { RateLimit } from './rate-limit.ts';
import { ResponderValidators } from './responder-validator.ts';
import type { Shim6Settings } from './settings.ts';
import type { Update } from './update.ts';
import { type Idleness, UpdateQueue } from './update-queue.ts';

export class Core {
  readonly identity: IdentityProvider;
  readonly settings: Shim6Settings;
  readonly table = new ContextTable();
  readonly deadlines = new Deadlines<Handshake | Update>();
  readonly effects = new Queue<Effect>();
  /** Contexts whose peer has to learn what changed here. */
  readonly updates: UpdateQueue;
  readonly counters = zeroCounters();
  readonly doubts: Doubts;
  readonly errors: ErrorReporter;
  readonly validators: ResponderValidators;
  /** For R1bis. */
  readonly recoveries: RateLimit;
  readonly #random: (length: number) => Uint8Array;

  constructor(
    random: (length: number) => Uint8Array,
    identity: IdentityProvider,
    settings: Shim6Settings,
    { idleness, doubts }: { readonly idleness: Idleness; readonly doubts: Doubts },
  ) {
    this.#random = random;
    this.doubts = doubts;
    this.updates = new UpdateQueue(idleness);
    this.identity = identity;
    this.settings = settings;
    this.errors = new ErrorReporter(this, settings.errorsPerSecond);
    this.recoveries = new RateLimit(settings.recoveriesPerSecond);
    this.validators = new ResponderValidators(random, settings.VALIDATOR_MIN_LIFETIME);
  }

  count(name: CounterName): void {
    this.counters[name]++;
  }

  randomU32(): number {
    const [a, b, c, d] = this.#random(4);
    return ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0;
  }

  /** A random tag that no context of ours has: all 47 bits unstructured (RFC 5533 §7.1). */
  freshTag(): number {
    for (;;) {
      const tag = (this.randomU32() & 0x7fff) * 2 ** 32 + this.randomU32();
      if (this.table.withLocalTag(tag) === undefined) return tag;
    }
  }

  /** A random number for a new list of locators, and not the one before (RFC 5533 §10.1). */
  freshGeneration(before: number): number {
    for (;;) {
      const generation = this.randomU32();
      if (generation !== before) return generation;
    }
  }

  /** `nominal` doubled per retransmission, then times a random factor of 0.5 to 1.5 (RFC 5533 §14). */
  backoff(nominal: number, retries: number, maximum = Number.POSITIVE_INFINITY): number {
    return Math.min(nominal * 2 ** retries, maximum) * (0.5 + this.randomU32() / 2 ** 32);
  }

  /** The encoded message, or undefined when it would exceed 1280 octets with its headers. */
  encode(message: Message): Uint8Array | undefined {
    try {
      return encodeMessage(message, this.settings.maximumMessage);
    } catch (error) {
      if (error instanceof EncodeError && error.code === 'too-long') return undefined;
      throw error;
    }
  }

  /** Encodes and sends; counts a message that does not fit. `context`: as in the effect. */
  send(source: Address, destination: Address, message: Message, context?: Context): void {
    const bytes = this.encode(message);
    if (bytes === undefined) this.count('message-too-long');
    else this.sendBytes(source, destination, bytes, context);
  }

  sendBytes(source: Address, destination: Address, message: Uint8Array, context?: Context): void {
    this.effects.push({ kind: 'send', source, destination, message, ...(context && { context }) });
  }

  /** Ends whatever the context waits for and drops it. */
  remove(context: Context): void {
    this.endHandshake(context);
    this.endUpdate(context);
    this.table.remove(context);
    this.stopCarrying(context);
  }

  /** Tells, if the context carried payload, that it does no more. */
  stopCarrying(context: Context): void {
    if (context.establishedAt === undefined) return;
    context.establishedAt = undefined;
    this.effects.push({ kind: 'removed', context });
  }

  endHandshake(context: Context): void {
    const handshake = context.handshake;
    if (handshake === undefined) return;
    this.deadlines.cancel(handshake);
    this.table.forgetNonces(handshake);
    context.handshake = undefined;
    context.host.unfinished--;
  }

  endUpdate(context: Context): void {
    if (context.update === undefined) return;
    this.deadlines.cancel(context.update);
    context.update = undefined;
  }
}
