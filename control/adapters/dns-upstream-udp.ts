/**
 * UDP toward the resolvers: queries leave from a pool of sockets, each bound by the kernel to a random port and connected
 * to one resolver, so that it takes packets from there only and reports its ICMPv6 errors (RFC 5452 §9.2). Each query
 * takes a random one of them: a forger has to hit port, ID and question. A socket serves so many queries, so long, and
 * is then replaced. (One for each query would double what a query costs.)
 */
import { randomFillSync } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Resolver } from '../naming/lookup.ts';
import { addressKey, formatAddress } from '../wire/ipv6/address.ts';
import { idOf, type UpstreamEvents } from './dns-upstream.ts';

interface PooledSocket {
  readonly socket: Socket;
  readonly resolver: Resolver;
  /** Queries under way by message ID. */
  readonly queries: Map<number, number>;
  readonly bornAt: number;
  /** Messages to be sent once connected; undefined when it is. */
  waiting: Uint8Array[] | undefined;
  uses: number;
}

const POOL_SIZE = 32;
const USES = 512;
/** Milliseconds. */
const LIFETIME = 20_000;
/** What no query is called. */
const NO_QUERY = -1;

export class DnsUpstreamUdp {
  readonly #pools = new Map<string, PooledSocket[]>();
  readonly #byQuery = new Map<number, { readonly pooled: PooledSocket; readonly id: number }>();
  /** Every socket that is open: those of the pools, and those whose last answers are awaited. */
  readonly #open = new Set<PooledSocket>();
  readonly #events: UpstreamEvents;
  readonly #clock: () => number;
  readonly #sweeper: NodeJS.Timeout;
  readonly #random = new Uint8Array(512);
  #nextRandom = 512;

  constructor(events: UpstreamEvents, clock: () => number) {
    this.#events = events;
    this.#clock = clock;
    this.#sweeper = setInterval(() => this.#sweep(), LIFETIME).unref();
  }

  get sockets(): number {
    return this.#open.size;
  }

  send(query: number, resolver: Resolver, message: Uint8Array): void {
    const id = idOf(message);
    const pooled = this.#choose(resolver, id);
    pooled.uses++;
    pooled.queries.set(id, query);
    this.#byQuery.set(query, { pooled, id });
    if (pooled.waiting === undefined) this.#transmit(pooled, message);
    else pooled.waiting.push(message);
  }

  /** No more events of this query, if it is still under way. */
  cancel(query: number): void {
    const place = this.#byQuery.get(query);
    if (place === undefined) return;
    this.#byQuery.delete(query);
    place.pooled.queries.delete(place.id);
    if (place.pooled.queries.size === 0 && !this.#isPooled(place.pooled)) this.#close(place.pooled);
  }

  close(): void {
    clearInterval(this.#sweeper);
    this.#byQuery.clear();
    for (const pooled of [...this.#open]) this.#close(pooled);
  }

  /** A random socket of the pool that has no query with this ID; a new one while the pool is not full. */
  #choose(resolver: Resolver, id: number): PooledSocket {
    const key = addressKey(resolver.address) + resolver.port;
    const pool = this.#pools.get(key) ?? [];
    this.#pools.set(key, pool);
    if (pool.length >= POOL_SIZE) {
      const index = this.#randomBelow(pool.length);
      const chosen = pool[index]!;
      if (this.#isSpent(chosen)) pool.splice(index, 1);
      else if (!chosen.queries.has(id)) return chosen;
      if (chosen.queries.size === 0 && this.#isSpent(chosen)) this.#close(chosen);
    }
    const fresh = this.#openSocket(resolver);
    if (pool.length < POOL_SIZE) pool.push(fresh);
    return fresh;
  }

  /** Of at most 256; drawn many at once. A little unevenness does no harm to a choice among sockets. */
  #randomBelow(bound: number): number {
    if (this.#nextRandom === this.#random.length) {
      randomFillSync(this.#random);
      this.#nextRandom = 0;
    }
    return this.#random[this.#nextRandom++]! % bound;
  }

  #openSocket(resolver: Resolver): PooledSocket {
    const socket = createSocket('udp6');
    const pooled: PooledSocket = {
      socket,
      resolver,
      queries: new Map(),
      bornAt: this.#clock(),
      waiting: [],
      uses: 0,
    };
    this.#open.add(pooled);
    socket.on('error', () => this.#lose(pooled));
    socket.on('message', (answer) => {
      const query = answer.length < 2 ? undefined : pooled.queries.get(idOf(answer));
      this.#events.onMessage(query ?? NO_QUERY, resolver, answer);
    });
    socket.connect(resolver.port, formatAddress(resolver.address), () => {
      const { waiting } = pooled;
      pooled.waiting = undefined;
      for (const message of waiting ?? []) this.#transmit(pooled, message);
    });
    return pooled;
  }

  #transmit(pooled: PooledSocket, message: Uint8Array): void {
    // Refused (ICMPv6) or unroutable: the resolver is, so all questions on this socket are lost.
    pooled.socket.send(message, (error) => error && this.#lose(pooled));
  }

  #lose(pooled: PooledSocket): void {
    if (!this.#open.has(pooled)) return;
    const queries = [...pooled.queries.values()];
    this.#close(pooled);
    for (const query of queries) if (this.#byQuery.delete(query)) this.#events.onFailure(query);
  }

  #close(pooled: PooledSocket): void {
    if (!this.#open.delete(pooled)) return;
    for (const pool of this.#pools.values()) {
      const index = pool.indexOf(pooled);
      if (index >= 0) pool.splice(index, 1);
    }
    pooled.queries.clear();
    pooled.socket.close();
  }

  /** Ports that nobody uses do not stay open. */
  #sweep(): void {
    for (const pooled of [...this.#open]) {
      if (this.#isSpent(pooled) && pooled.queries.size === 0) this.#close(pooled);
    }
  }

  #isSpent({ uses, bornAt }: PooledSocket): boolean {
    return uses >= USES || this.#clock() - bornAt > LIFETIME;
  }

  #isPooled(pooled: PooledSocket): boolean {
    for (const pool of this.#pools.values()) if (pool.includes(pooled)) return true;
    return false;
  }
}
