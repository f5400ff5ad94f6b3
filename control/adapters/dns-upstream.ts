/** Toward the resolvers: UDP, TCP, or TLS where the resolver is to be asked so, and then nothing else. */
import type { Endpoint, Resolver, Transport } from '../naming/lookup.ts';
import { DnsUpstreamStream } from './dns-upstream-stream.ts';
import { DnsUpstreamUdp } from './dns-upstream-udp.ts';

export interface UpstreamEvents {
  /** `query` may be none that is under way. `source`: where the message came from. */
  readonly onMessage: (query: number, source: Endpoint, message: Uint8Array) => void;
  /** The socket is gone; no more events of this query. */
  readonly onFailure: (query: number) => void;
}

export const idOf = (message: Uint8Array): number => (message[0]! << 8) | message[1]!;

export class DnsUpstream {
  readonly #udp: DnsUpstreamUdp;
  readonly #streams: DnsUpstreamStream;

  constructor(events: UpstreamEvents, clock: () => number) {
    this.#udp = new DnsUpstreamUdp(events, clock);
    this.#streams = new DnsUpstreamStream(events, clock);
  }

  send(query: number, resolver: Resolver, transport: Transport, message: Uint8Array): void {
    if (transport === 'tcp' || resolver.tls !== undefined) this.#streams.send(query, resolver, message);
    else this.#udp.send(query, resolver, message);
  }

  /** No more events of this query, if it is still under way. */
  cancel(query: number): void {
    this.#udp.cancel(query);
    this.#streams.cancel(query);
  }

  close(): void {
    this.#udp.close();
    this.#streams.close();
  }
}
