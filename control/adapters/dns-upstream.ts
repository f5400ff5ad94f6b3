/**
 * Sockets toward the resolvers. Over UDP one per query: the kernel picks a random port for each, and a
 * connected socket takes packets from that resolver only and reports its ICMPv6 errors (RFC 5452 §9.2).
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Endpoint, Transport } from '../naming/transaction.ts';
import { formatAddress, parseAddress } from '../wire/ipv6/address.ts';
import { DnsUpstreamTcp } from './dns-upstream-tcp.ts';

export interface UpstreamEvents {
  /** `source`: where the message came from. */
  readonly onMessage: (query: number, source: Endpoint, message: Uint8Array) => void;
  /** The socket is gone; no more events of this query. */
  readonly onFailure: (query: number) => void;
}

export class DnsUpstream {
  readonly #sockets = new Map<number, Socket>();
  readonly #tcp: DnsUpstreamTcp;
  readonly #events: UpstreamEvents;

  constructor(events: UpstreamEvents) {
    this.#events = events;
    this.#tcp = new DnsUpstreamTcp(events);
  }

  send(query: number, resolver: Endpoint, transport: Transport, message: Uint8Array): void {
    if (transport === 'tcp') this.#tcp.send(query, resolver, message);
    else this.#sendUdp(query, resolver, message);
  }

  /** No more events of this query, if it is still under way. */
  cancel(query: number): void {
    const socket = this.#sockets.get(query);
    this.#sockets.delete(query);
    socket?.close();
    this.#tcp.cancel(query);
  }

  close(): void {
    for (const query of [...this.#sockets.keys()]) this.cancel(query);
    this.#tcp.close();
  }

  #sendUdp(query: number, resolver: Endpoint, message: Uint8Array): void {
    const socket = createSocket('udp6');
    const fail = (): void => {
      if (this.#sockets.get(query) !== socket) return;
      this.cancel(query);
      this.#events.onFailure(query);
    };
    this.#sockets.set(query, socket);
    socket.on('error', fail);
    socket.on('message', (answer, { address, port }) => {
      this.#events.onMessage(query, { address: parseAddress(address.split('%')[0]!), port }, answer);
    });
    socket.on('connect', () => {
      if (this.#sockets.has(query)) socket.send(message, (error) => error && fail());
    });
    socket.connect(resolver.port, formatAddress(resolver.address));
  }
}
