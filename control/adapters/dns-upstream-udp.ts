/**
 * UDP toward the resolvers: queries leave from a pool of sockets, each bound by the kernel to a random port and connected
 * to one resolver, so that it takes packets from there only and reports its ICMPv6 errors (RFC 5452 §9.2). Each query
 * takes a random one of them: a forger has to hit port, ID and question. A socket serves so many queries, so long, and
 * is then replaced. (One for each query would double what a query costs.)
 */
import { randomFillSync } from 'node:crypto';
import { type ConnectedSocket, ConnectedSockets, SyscallError } from '../../native/linux/index.ts';
import { TransientMap } from '../limits/transient-map.ts';
import type { Resolver } from '../naming/lookup.ts';
import { addressKey } from '../wire/ipv6/address.ts';
import { transientCopy } from '../wire/transient-octets.ts';
import { idOf, type UpstreamEvents } from './dns-upstream.ts';

interface PooledSocket {
  readonly socket: ConnectedSocket;
  readonly resolver: Resolver;
  /** Queries under way by message ID. */
  readonly queries: TransientMap<number, number>;
  readonly bornAt: number;
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
  readonly #byQuery = new TransientMap<number, { readonly pooled: PooledSocket; readonly id: number }>();
  /** Every socket that is open: those of the pools, and those whose last answers are awaited. */
  readonly #open = new Map<ConnectedSocket, PooledSocket>();
  readonly #sockets: ConnectedSockets;
  readonly #events: UpstreamEvents;
  readonly #clock: () => number;
  readonly #sweeper: NodeJS.Timeout;
  readonly #random = new Uint8Array(512);
  #nextRandom = 512;

  constructor(events: UpstreamEvents, clock: () => number) {
    this.#events = events;
    this.#clock = clock;
    this.#sockets = new ConnectedSockets({
      receive: (socket, message) => this.#receive(socket, message),
      fail: (socket) => this.#lose(socket),
    });
    this.#sweeper = setInterval(() => this.#sweep(), LIFETIME).unref();
  }

  get sockets(): number {
    return this.#open.size;
  }

  send(query: number, resolver: Resolver, message: Uint8Array): void {
    const id = idOf(message);
    const pooled = this.#choose(resolver, id);
    if (pooled === undefined) return this.#events.onFailure(query);
    pooled.uses++;
    pooled.queries.set(id, query);
    this.#byQuery.set(query, { pooled, id });
    try {
      pooled.socket.send(message);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      // No room is this message's loss; refused (ICMPv6) or unroutable, the resolver is lost to all questions here.
      if (error.code !== 'EAGAIN' && error.code !== 'ENOBUFS') this.#lose(pooled.socket);
    }
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
    this.#open.clear();
    this.#pools.clear();
    this.#sockets.close();
  }

  /**
   * A random socket of the pool that has no query with this ID; a new one while the pool is not full. Undefined if there
   * is no way to the resolver.
   */
  #choose(resolver: Resolver, id: number): PooledSocket | undefined {
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
    if (fresh !== undefined && pool.length < POOL_SIZE) pool.push(fresh);
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

  #openSocket(resolver: Resolver): PooledSocket | undefined {
    try {
      const socket = this.#sockets.open(resolver.address, resolver.port);
      const pooled = {
        socket,
        resolver,
        queries: new TransientMap<number, number>(),
        bornAt: this.#clock(),
        uses: 0,
      };
      this.#open.set(socket, pooled);
      return pooled;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      return undefined;
    }
  }

  #receive(socket: ConnectedSocket, message: Uint8Array): void {
    const pooled = this.#open.get(socket);
    if (pooled === undefined) return;
    const query = message.length < 2 ? undefined : pooled.queries.get(idOf(message));
    this.#events.onMessage(query ?? NO_QUERY, pooled.resolver, transientCopy(message));
  }

  #lose(socket: ConnectedSocket): void {
    const pooled = this.#open.get(socket);
    if (pooled === undefined) return;
    const queries = pooled.queries.values();
    this.#close(pooled);
    for (const query of queries) if (this.#byQuery.delete(query)) this.#events.onFailure(query);
  }

  #close(pooled: PooledSocket): void {
    if (!this.#open.delete(pooled.socket)) return;
    for (const pool of this.#pools.values()) {
      const index = pool.indexOf(pooled);
      if (index >= 0) pool.splice(index, 1);
    }
    pooled.queries.clear();
    pooled.socket.close();
  }

  /** Ports that nobody uses do not stay open. */
  #sweep(): void {
    for (const pooled of [...this.#open.values()]) {
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
