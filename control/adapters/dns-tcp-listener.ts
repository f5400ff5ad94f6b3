/** DNS over TCP toward the clients (RFC 7766): pipelining, answers in any order, slow clients bounded. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../naming/lookup.ts';
import { type Address, formatAddress, parseAddress } from '../wire/ipv6/address.ts';
import { frameMessage, MessageStream } from './dns-stream.ts';

export interface DnsTcpLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  /** Queries of one connection under way; no more is read meanwhile. */
  readonly maxPipelined: number;
  /** Octets of answers that a client does not take before its connection is cut. */
  readonly maxUnsentOctets: number;
  /** Milliseconds for the next complete query: single octets do not buy time. */
  readonly idleTimeout: number;
}

export const DEFAULT_DNS_TCP_LIMITS: DnsTcpLimits = {
  maxConnections: 256,
  maxConnectionsPerClient: 16,
  maxPipelined: 64,
  maxUnsentOctets: 256 * 1024,
  idleTimeout: 10_000,
};

interface Connection {
  readonly token: number;
  readonly socket: Socket;
  readonly client: Endpoint;
  readonly stream: MessageStream;
  pending: number;
  ended: boolean;
  /** An answer given at once, while queries are taken, must not take queries itself. */
  reading: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** False if no answer will come: what the client sends is not DNS. */
export type OnTcpQuery = (token: number, client: Endpoint, message: Uint8Array) => boolean;

/** All TCP listeners of a server. */
export class DnsTcpListener {
  readonly #servers: Server[] = [];
  readonly #connections = new Map<number, Connection>();
  readonly #perClient = new Map<string, number>();
  readonly #limits: DnsTcpLimits;
  readonly #onQuery: OnTcpQuery;
  #nextToken = 0;
  refusedConnections = 0;
  /** Connections closed by us: idle, too slow in asking or in taking answers, or not speaking DNS. */
  cutConnections = 0;

  constructor(limits: DnsTcpLimits, onQuery: OnTcpQuery) {
    this.#limits = limits;
    this.#onQuery = onQuery;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Rejects with the error of the system call. */
  listen(address: Address, port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: formatAddress(address), port, ipv6Only: true }, () => {
        server.off('error', reject);
        this.#servers.push(server);
        // Later errors are failed accepts (no descriptors left): that client's connection is lost, no more.
        server.on('error', () => this.refusedConnections++);
        resolve();
      });
    });
  }

  /** Does nothing if the connection is gone. */
  answer(token: number, message: Uint8Array): void {
    const connection = this.#connections.get(token);
    if (connection === undefined) return;
    connection.pending = Math.max(0, connection.pending - 1);
    connection.socket.write(frameMessage(message));
    if (connection.socket.writableLength > this.#limits.maxUnsentOctets) {
      this.#cut(connection);
      return;
    }
    this.#resumeTimer(connection);
    this.#read(connection);
  }

  /** Resolves when no socket is left. */
  async close(): Promise<void> {
    const sockets = [...this.#connections.values()].map(
      ({ socket }) => new Promise((resolve) => socket.destroy().once('close', resolve)),
    );
    const servers = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    await Promise.all([...sockets, ...servers]);
  }

  #accept(socket: Socket): void {
    const host = socket.remoteAddress?.split('%')[0];
    const count = host === undefined ? 0 : (this.#perClient.get(host) ?? 0);
    const { maxConnections, maxConnectionsPerClient } = this.#limits;
    if (host === undefined || this.#connections.size >= maxConnections || count >= maxConnectionsPerClient) {
      this.refusedConnections++;
      socket.destroy();
      return;
    }
    this.#perClient.set(host, count + 1);
    const connection: Connection = {
      token: this.#nextToken++,
      socket,
      client: { address: parseAddress(host), port: socket.remotePort ?? 0 },
      stream: new MessageStream(),
      pending: 0,
      ended: false,
      reading: false,
      timer: undefined,
    };
    this.#connections.set(connection.token, connection);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#forget(connection, host));
    socket.on('end', () => {
      connection.ended = true;
      this.#read(connection);
    });
    socket.on('data', (chunk) => {
      connection.stream.push(chunk);
      this.#read(connection);
    });
    this.#resumeTimer(connection);
  }

  /** Takes complete queries up to the limit, and decides whether to read on. */
  #read(connection: Connection): void {
    const { socket, stream } = connection;
    if (connection.reading) return;
    connection.reading = true;
    while (connection.pending < this.#limits.maxPipelined && !socket.destroyed) {
      const message = stream.next();
      if (message === undefined) break;
      connection.pending++;
      this.#resumeTimer(connection);
      if (!this.#onQuery(connection.token, connection.client, message)) this.#cut(connection);
    }
    connection.reading = false;
    if (connection.pending >= this.#limits.maxPipelined) socket.pause();
    else if (connection.ended && connection.pending === 0) socket.end();
    else socket.resume();
  }

  #resumeTimer(connection: Connection): void {
    clearTimeout(connection.timer);
    connection.timer = setTimeout(() => this.#cut(connection), this.#limits.idleTimeout);
  }

  #cut(connection: Connection): void {
    this.cutConnections++;
    connection.socket.destroy();
  }

  #forget(connection: Connection, host: string): void {
    clearTimeout(connection.timer);
    this.#connections.delete(connection.token);
    const left = this.#perClient.get(host)! - 1;
    if (left === 0) this.#perClient.delete(host);
    else this.#perClient.set(host, left);
  }
}
