/** The DNS ALG on real sockets: UDP and TCP toward the hosts, and toward the resolvers. */
import { performance } from 'node:perf_hooks';
import { type UdpEndpoint, UdpSocket } from '../../native/linux/index.ts';
import { TransientMap } from '../limits/transient-map.ts';
import type { DnsAlg } from '../naming/dns-alg.ts';
import type { DnsEffect } from '../naming/effect.ts';
import type { Endpoint, Transport } from '../naming/lookup.ts';
import type { SearchBegin } from '../naming/search.ts';
import { type Address, formatAddress } from '../wire/ipv6/address.ts';
import { transientCopy } from '../wire/transient-octets.ts';
import { DEFAULT_DNS_TCP_LIMITS, type DnsTcpLimits, DnsTcpListener } from './dns-tcp-listener.ts';
import { DnsUpstream } from './dns-upstream.ts';

export type LearnedEffect = Extract<DnsEffect, { kind: 'learned' }>;
type AnswerEffect = Extract<DnsEffect, { kind: 'answer' }>;
export type FoundEffect = Extract<DnsEffect, { kind: 'found' }>;
export type NotFoundEffect = Extract<DnsEffect, { kind: 'not-found' }>;

/** An address that cannot be listened on. `code` is the system's: EADDRINUSE, EADDRNOTAVAIL, EACCES… */
export class DnsListenError extends Error {
  readonly operation = 'bind';
  readonly address: Address;
  readonly port: number;
  readonly transport: Transport;
  readonly code: string;
  constructor(address: Address, port: number, transport: Transport, cause: Error) {
    const code = 'code' in cause ? String(cause.code) : cause.name;
    super(`cannot listen on [${formatAddress(address)}]:${port} (${transport}): ${code}`, { cause });
    this.name = 'DnsListenError';
    this.address = address;
    this.port = port;
    this.transport = transport;
    this.code = code;
  }
}

export interface DnsServerOptions {
  /**
   * Addresses of the box that hosts ask, not `::`: answers leave from the address that was asked. Port 0: any,
   * the same for UDP and TCP, see `ports`.
   */
  readonly listen: readonly Endpoint[];
  readonly alg: DnsAlg;
  readonly onLearned: (learned: LearnedEffect) => void;
  /** Asked before a host is told ULIDs: true if the answer has to wait until `release` is called. */
  readonly hold?: (host: Address, ulids: readonly Address[], release: () => void) => boolean;
  /** How searches end. */
  readonly onFound?: (found: FoundEffect) => void;
  readonly onNotFound?: (notFound: NotFoundEffect) => void;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
  readonly limits?: Partial<DnsTcpLimits>;
}

const PORT_TRIES = 16;

/** Where a query over UDP came from. */
interface UdpClient {
  readonly socket: UdpSocket;
  readonly peer: UdpEndpoint;
}

export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #alg: DnsAlg;
  readonly #clock: () => number;
  readonly #sockets: UdpSocket[] = [];
  readonly #tcp: DnsTcpListener;
  readonly #upstream: DnsUpstream;
  /** Whom the answer with a token is for: each query has one. */
  readonly #udpClients = new TransientMap<number, UdpClient>();
  #nextToken = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due; Infinity without one. */
  #wakeAt = Number.POSITIVE_INFINITY;
  /** Answers over UDP that the kernel did not take. */
  unsentAnswers = 0;
  #draining = false;
  #closed = false;

  constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#alg = options.alg;
    this.#clock = options.clock ?? (() => performance.now());
    this.#tcp = new DnsTcpListener(
      { ...DEFAULT_DNS_TCP_LIMITS, ...options.limits },
      (token, client, message) =>
        this.#input((now) => this.#alg.handleQuery(now, { client, transport: 'tcp', token, message })) ??
        false,
    );
    this.#upstream = new DnsUpstream(
      {
        onMessage: (query, resolver, message) =>
          this.#input((now) => this.#alg.handleUpstream(now, { query, resolver, message })),
        onFailure: (query) => this.#input((now) => this.#alg.handleUpstreamFailure(now, query)),
      },
      this.#clock,
    );
  }

  /** The port of each address listened on, in their order. */
  get ports(): number[] {
    return this.#sockets.map(({ port }) => port);
  }

  get tcp(): Pick<DnsTcpListener, 'connections' | 'refusedConnections' | 'cutConnections'> {
    return this.#tcp;
  }

  /** Rejects with DnsListenError, with nothing left open. */
  async start(): Promise<void> {
    try {
      for (const endpoint of this.#options.listen) await this.#listen(endpoint);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Closes every socket and timer. Queries under way are not answered. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#upstream.close();
    for (const socket of this.#sockets) socket.close();
    await this.#tcp.close();
  }

  /** UDP and TCP on one port. Where any will do, one that is free for both has to be found. */
  async #listen({ address, port }: Endpoint): Promise<void> {
    for (let tries = port === 0 ? PORT_TRIES : 1; ; tries--) {
      const socket = this.#bindUdp(address, port);
      const same = socket.port;
      try {
        await this.#tcp.listen(address, same);
        this.#sockets.push(socket);
        return;
      } catch (cause) {
        socket.close();
        const error = new DnsListenError(address, same, 'tcp', cause as Error);
        if (error.code !== 'EADDRINUSE' || tries === 1) throw error;
      }
    }
  }

  #bindUdp(address: Address, port: number): UdpSocket {
    try {
      const socket: UdpSocket = UdpSocket.open({
        address,
        port,
        receive: (bytes, peer) => this.#takeUdp(socket, transientCopy(bytes), peer),
        onUnsent: (count) => {
          this.unsentAnswers += count;
        },
      });
      return socket;
    } catch (cause) {
      throw new DnsListenError(address, port, 'udp', cause as Error);
    }
  }

  #takeUdp(socket: UdpSocket, message: Uint8Array, peer: UdpEndpoint): void {
    const token = this.#nextToken++;
    this.#udpClients.set(token, { socket, peer });
    const answered = this.#input((now) =>
      this.#alg.handleQuery(now, { client: peer, transport: 'udp', token, message }),
    );
    if (answered !== true) this.#udpClients.delete(token);
  }

  /**
   * A host sent a packet to `ulid`, of which nothing is known: looks in the reverse tree. If it is worth the while, an
   * effect tells the end.
   */
  search(host: Address, ulid: Address): SearchBegin {
    return this.#input((now) => this.#alg.search(now, host, ulid)) ?? 'refused';
  }

  #input<T>(handle: (now: number) => T): T | undefined {
    if (this.#closed) return undefined;
    const result = handle(this.#clock());
    // An effect can cause input at once (a pipelined query behind an answer); the outer loop sees to it.
    if (!this.#draining) this.#drain();
    return result;
  }

  #drain(): void {
    this.#draining = true;
    try {
      for (let effect = this.#alg.pollEffect(); effect !== undefined; effect = this.#alg.pollEffect()) {
        this.#perform(effect);
      }
    } finally {
      this.#draining = false;
    }
    this.#setTimer();
  }

  /** Only ever to an earlier time: a timer that comes too early costs less than one set anew for every message. */
  #setTimer(): void {
    const next = this.#alg.nextTimeout();
    if (next === undefined || next >= this.#wakeAt || this.#closed) return;
    clearTimeout(this.#timer);
    this.#wakeAt = next;
    const delay = Math.max(0, Math.ceil(next - this.#clock()));
    this.#timer = setTimeout(() => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#input((now) => this.#alg.handleTimeout(now));
    }, delay);
  }

  #perform(effect: DnsEffect): void {
    switch (effect.kind) {
      case 'query-upstream':
        this.#upstream.send(effect.query, effect.resolver, effect.transport, effect.message);
        break;
      case 'cancel-upstream':
        this.#upstream.cancel(effect.query);
        break;
      case 'answer':
        if (!this.#hold(effect)) this.#answer(effect);
        break;
      case 'learned':
        this.#options.onLearned(effect);
        break;
      case 'found':
        this.#options.onFound?.(effect);
        break;
      case 'not-found':
        this.#options.onNotFound?.(effect);
        break;
    }
  }

  #hold(effect: AnswerEffect): boolean {
    const { hold } = this.#options;
    if (hold === undefined || effect.told.length === 0) return false;
    const ulids = effect.told.map(({ ulid }) => ulid);
    return hold(effect.client.address, ulids, () => this.#answer(effect));
  }

  #answer(effect: AnswerEffect): void {
    if (effect.transport === 'tcp') this.#tcp.answer(effect.token, effect.message);
    else this.#answerUdp(effect);
  }

  #answerUdp({ token, message }: AnswerEffect): void {
    const client = this.#udpClients.get(token);
    if (client === undefined) return;
    this.#udpClients.delete(token);
    // An answer beyond what UDP carries, or that finds no way, is the client's loss: it asks again.
    client.socket.send(message, client.peer);
  }
}
