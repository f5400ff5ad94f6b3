/**
 * TCP and TLS toward the resolvers: one connection each, queries pipelined on it (RFC 7766 §6.2.1). A connection per
 * query would overrun the listen queue of a resolver (BIND: 10) and cost a second for the SYN sent again.
 *
 * TLS is the strict profile of RFC 8310 §5: a resolver that cannot prove its name is not asked, and never in clear.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TransientMap } from '../limits/transient-map.ts';
import type { Resolver, TlsIdentity } from '../naming/lookup.ts';
import { addressKey, formatAddress } from '../wire/ipv6/address.ts';
import { frameMessage, MessageStream } from './dns-stream.ts';
import { idOf, type UpstreamEvents } from './dns-upstream.ts';

interface Connection {
  readonly key: string;
  readonly socket: Socket;
  /** Queries under way by message ID. */
  readonly queries: TransientMap<number, number>;
  readonly idleTimeout: number;
  idleTimer: NodeJS.Timeout | undefined;
  /** Since when, in milliseconds, an answer has been awaited and nothing heard; undefined: none is. */
  askedAt: number | undefined;
}

/** Milliseconds that a connection stays open without queries; one that cost a TLS handshake is worth keeping. */
const IDLE_TIMEOUT = { tcp: 2000, tls: 20_000 } as const;
/** Milliseconds for a connection to come about. */
const CONNECT_TIMEOUT = 4000;
/**
 * Milliseconds of silence after a query, after which no other joins the connection: the resolver, or something between
 * that kept track of it, may have been started again, and TCP takes a quarter of an hour to find out.
 */
const PATIENCE = 2000;

export class DnsUpstreamStream {
  readonly #connections = new Set<Connection>();
  /** The connection that new queries to a resolver join. */
  readonly #current = new Map<string, Connection>();
  readonly #byQuery = new TransientMap<number, { connection: Connection; id: number }>();
  readonly #events: UpstreamEvents;
  readonly #clock: () => number;

  constructor(events: UpstreamEvents, clock: () => number) {
    this.#events = events;
    this.#clock = clock;
  }

  /** Connections that are open, or coming about. */
  get connections(): number {
    return this.#connections.size;
  }

  send(query: number, resolver: Resolver, message: Uint8Array): void {
    const key = `${addressKey(resolver.address)}${resolver.port} ${resolver.tls?.name}`;
    const id = idOf(message);
    let connection = this.#current.get(key);
    // IDs are random: two of a connection can be equal, then the second gets a connection of its own.
    if (connection === undefined || connection.queries.has(id) || this.#isSilent(connection)) {
      connection = this.#connect(key, resolver);
    }
    clearTimeout(connection.idleTimer);
    connection.askedAt ??= this.#clock();
    connection.queries.set(id, query);
    this.#byQuery.set(query, { connection, id });
    connection.socket.write(frameMessage(message));
  }

  /** Forgets the query: what still answers it is ignored. */
  cancel(query: number): void {
    const place = this.#byQuery.get(query);
    if (place === undefined) return;
    const { connection, id } = place;
    this.#byQuery.delete(query);
    connection.queries.delete(id);
    if (connection.queries.size > 0) return;
    if (this.#isSilent(connection)) connection.socket.destroy();
    else connection.idleTimer = setTimeout(() => connection.socket.destroy(), connection.idleTimeout);
  }

  #isSilent({ askedAt }: Connection): boolean {
    return askedAt !== undefined && this.#clock() - askedAt > PATIENCE;
  }

  /** Without events for the queries under way. */
  close(): void {
    this.#byQuery.clear();
    for (const connection of this.#connections) {
      connection.queries.clear();
      connection.socket.destroy();
      clearTimeout(connection.idleTimer);
    }
  }

  #connect(key: string, resolver: Resolver): Connection {
    const socket = resolver.tls === undefined ? openTcp(resolver) : openTls(resolver, resolver.tls);
    const idleTimeout = IDLE_TIMEOUT[resolver.tls === undefined ? 'tcp' : 'tls'];
    const connection: Connection = {
      key,
      socket,
      queries: new TransientMap(),
      idleTimeout,
      idleTimer: undefined,
      askedAt: undefined,
    };
    const connecting = setTimeout(() => this.#lose(connection), CONNECT_TIMEOUT);
    const settled = (): void => clearTimeout(connecting);
    socket.on('close', settled).on(resolver.tls === undefined ? 'connect' : 'secureConnect', settled);
    const stream = new MessageStream();
    this.#connections.add(connection);
    this.#current.set(key, connection);
    socket.on('error', () => this.#lose(connection));
    socket.on('close', () => this.#lose(connection));
    socket.on('data', (chunk) => {
      connection.askedAt = this.#clock();
      stream.push(chunk);
      for (let answer = stream.next(); answer !== undefined; answer = stream.next()) {
        const query = answer.length < 2 ? undefined : connection.queries.get(idOf(answer));
        if (query !== undefined) this.#events.onMessage(query, resolver, answer);
      }
      if (connection.queries.size === 0) connection.askedAt = undefined;
    });
    return connection;
  }

  #lose(connection: Connection): void {
    clearTimeout(connection.idleTimer);
    this.#connections.delete(connection);
    if (this.#current.get(connection.key) === connection) this.#current.delete(connection.key);
    connection.socket.destroy();
    const queries = connection.queries.values();
    connection.queries.clear();
    for (const query of queries) {
      if (this.#byQuery.delete(query)) this.#events.onFailure(query);
    }
  }
}

const openTcp = ({ address, port }: Resolver): Socket =>
  connect({ host: formatAddress(address), port, noDelay: true });

function openTls({ address, port }: Resolver, { name, authorities }: TlsIdentity): Socket {
  const socket = connectTls({
    host: formatAddress(address),
    port,
    servername: name,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['dot'],
    ...(authorities !== undefined && { ca: authorities }),
  });
  return socket.setNoDelay(true);
}
