/** The DNS ALG on real sockets: UDP and TCP toward the hosts, and toward the resolvers. */
import { createSocket, type Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import type { DnsAlg } from '../naming/dns-alg.ts';
import type { DnsEffect } from '../naming/effect.ts';
import type { Endpoint, Transport } from '../naming/transaction.ts';
import { type Address, formatAddress, parseAddress } from '../wire/ipv6/address.ts';
import { DEFAULT_DNS_TCP_LIMITS, type DnsTcpLimits, DnsTcpListener } from './dns-tcp-listener.ts';
import { DnsUpstream } from './dns-upstream.ts';

export type LearnedEffect = Extract<DnsEffect, { kind: 'learned' }>;

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
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
  readonly limits?: Partial<DnsTcpLimits>;
}

const PORT_TRIES = 16;

export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #alg: DnsAlg;
  readonly #clock: () => number;
  readonly #sockets: Socket[] = [];
  readonly #tcp: DnsTcpListener;
  readonly #upstream: DnsUpstream;
  #timer: NodeJS.Timeout | undefined;
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
    this.#upstream = new DnsUpstream({
      onMessage: (query, resolver, message) =>
        this.#input((now) => this.#alg.handleUpstream(now, { query, resolver, message })),
      onFailure: (query) => this.#input((now) => this.#alg.handleUpstreamFailure(now, query)),
    });
  }

  /** The port of each address listened on, in their order. */
  get ports(): number[] {
    return this.#sockets.map((socket) => socket.address().port);
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
    const sockets = this.#sockets.map(
      (socket) => new Promise<void>((resolve) => socket.close(() => resolve())),
    );
    await Promise.all([...sockets, this.#tcp.close()]);
  }

  /** UDP and TCP on one port. Where any will do, one that is free for both has to be found. */
  async #listen({ address, port }: Endpoint): Promise<void> {
    for (let tries = port === 0 ? PORT_TRIES : 1; ; tries--) {
      const socket = await bindUdp(address, port).catch((cause: Error) => {
        throw new DnsListenError(address, port, 'udp', cause);
      });
      const same = socket.address().port;
      try {
        await this.#tcp.listen(address, same);
        this.#serveUdp(socket);
        return;
      } catch (cause) {
        socket.close();
        const error = new DnsListenError(address, same, 'tcp', cause as Error);
        if (error.code !== 'EADDRINUSE' || tries === 1) throw error;
      }
    }
  }

  #serveUdp(socket: Socket): void {
    const token = this.#sockets.push(socket) - 1;
    // An unconnected socket has no lasting errors; that of a single packet is this packet's loss.
    socket.on('error', () => undefined);
    socket.on('message', (message, remote) => {
      const client = { address: parseAddress(remote.address.split('%')[0]!), port: remote.port };
      this.#input((now) => this.#alg.handleQuery(now, { client, transport: 'udp', token, message }));
    });
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
    clearTimeout(this.#timer);
    const next = this.#alg.nextTimeout();
    if (next === undefined || this.#closed) return;
    const delay = Math.max(0, Math.ceil(next - this.#clock()));
    this.#timer = setTimeout(() => this.#input((now) => this.#alg.handleTimeout(now)), delay);
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
        if (effect.transport === 'tcp') this.#tcp.answer(effect.token, effect.message);
        else this.#answerUdp(effect);
        break;
      case 'learned':
        this.#options.onLearned(effect);
        break;
    }
  }

  #answerUdp({ client, token, message }: Extract<DnsEffect, { kind: 'answer' }>): void {
    // A client that is gone, or an answer beyond what UDP carries, is its own loss: it asks again.
    this.#sockets[token]?.send(message, client.port, formatAddress(client.address), () => undefined);
  }
}

function bindUdp(address: Address, port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp6', ipv6Only: true });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind(port, formatAddress(address), () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}
