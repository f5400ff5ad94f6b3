/**
 * The DNS ALG: hosts ask it, it asks the resolvers, and where a name has ULIDs the host is told those and not
 * the locators. Model: RFC 6147 (DNS64). What it need not change passes byte for byte but the ID.
 *
 * Sans-IO: inputs are the `handle…` methods, `now` is milliseconds of a monotonic clock, effects come out of
 * `pollEffect`, and `handleTimeout` is due at `nextTimeout`.
 */
import type { Address } from '../wire/ipv6/address.ts';
import { ClientQueries } from './client-queries.ts';
import { createDnsCounters, type DnsCounters } from './counters.ts';
import { Deadlines } from './deadlines.ts';
import type { DnsEffect } from './effect.ts';
import type { ClientQuery, DnsAlgOptions, UpstreamAnswer } from './input.ts';
import { LocatorCache } from './locator-cache.ts';
import type { Resolver, Task } from './lookup.ts';
import { Lookups } from './lookups.ts';
import { Probes } from './probes.ts';
import { Resolvers } from './resolvers.ts';
import { type SearchBegin, Searches } from './search.ts';
import type { Services } from './services.ts';
import { DEFAULT_DNS_ALG_SETTINGS } from './settings.ts';

export class DnsAlgError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DnsAlgError';
  }
}

export interface ResolverState {
  readonly resolver: Resolver;
  readonly state: 'up' | 'down';
}

export class DnsAlg {
  readonly counters: DnsCounters = createDnsCounters();
  readonly locators: LocatorCache;
  readonly #lookups: Lookups;
  readonly #clients: ClientQueries;
  readonly #searches: Searches;
  readonly #probes: Probes;
  readonly #deadlines = new Deadlines<Task>();
  #effects: DnsEffect[] = [];
  #polled = 0;

  /** Throws DnsAlgError if there is no resolver. */
  constructor(options: DnsAlgOptions) {
    if (options.resolvers.length === 0) throw new DnsAlgError('no resolver: the DNS ALG needs at least one');
    const settings = { ...DEFAULT_DNS_ALG_SETTINGS, ...options.settings };
    const { counters } = this;
    const emit = (effect: DnsEffect): void => void this.#effects.push(effect);
    const resolvers = new Resolvers(options.resolvers, (now, index) => this.#probes.begin(now, index));
    this.locators = new LocatorCache(settings.locatorCacheCapacity);
    this.#lookups = new Lookups({ random: options.random, resolvers, settings, counters, emit });
    const services: Services = {
      settings,
      counters,
      lookups: this.#lookups,
      locators: this.locators,
      ownHost: options.ownHost ?? (() => undefined),
      emit,
      arm: (task) => this.#arm(task),
      disarm: (task) => this.#deadlines.set(task, Number.POSITIVE_INFINITY),
    };
    this.#clients = new ClientQueries(services);
    this.#searches = new Searches(services);
    this.#probes = new Probes(services);
  }

  /** Client queries under way. */
  get inFlight(): number {
    return this.#clients.inFlight;
  }

  /** Answers kept. */
  get kept(): number {
    return this.#clients.kept;
  }

  /** Messages under way upstream. */
  get upstreamInFlight(): number {
    return this.#lookups.size;
  }

  /** Searches in the reverse tree under way. */
  get searching(): number {
    return this.#searches.size;
  }

  get resolvers(): readonly ResolverState[] {
    const { resolvers } = this.#lookups;
    return resolvers.all.map((resolver, index) => ({
      resolver,
      state: resolvers.isDown(index) ? 'down' : 'up',
    }));
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
  handleQuery(now: number, query: ClientQuery): boolean {
    return this.#clients.handle(now, query);
  }

  /** `host` sent a packet to `ulid`, of which `locators` knows nothing. */
  search(now: number, host: Address, ulid: Address): SearchBegin {
    return this.#searches.begin(now, host, ulid);
  }

  /** Any octets that came back on the socket of an upstream query. */
  handleUpstream(now: number, { query, resolver, message }: UpstreamAnswer): void {
    const matched = this.#lookups.match(now, query, resolver, message);
    if (matched === undefined) return;
    const { attempt, header } = matched;
    const { task } = attempt.lookup;
    switch (task.kind) {
      case 'query':
        return this.#clients.answered(now, task, attempt, header, message);
      case 'search':
        return this.#searches.answered(now, task, attempt, header, message);
      case 'probe':
        return this.#probes.answered(task, attempt.lookup);
    }
  }

  /** The socket of an upstream query failed or was closed by the resolver. */
  handleUpstreamFailure(now: number, query: number): void {
    const lookup = this.#lookups.fail(now, query);
    if (lookup !== undefined) this.#advance(now, lookup.task);
  }

  handleTimeout(now: number): void {
    for (;;) {
      const task = this.#deadlines.takeDue(now);
      if (task === undefined) return;
      this.#lookups.retry(now, task);
      this.#advance(now, task);
    }
  }

  #advance(now: number, task: Task): void {
    switch (task.kind) {
      case 'query':
        return this.#clients.advance(now, task);
      case 'search':
        return this.#searches.advance(now, task);
      case 'probe':
        return this.#probes.advance(now, task);
    }
  }

  #arm(task: Task): void {
    let at = task.deadline;
    if (task.kind === 'query') at = Math.min(at, task.graceEnd);
    for (const lookup of task.lookups) at = Math.min(at, lookup.retryAt);
    this.#deadlines.set(task, at);
  }
}
