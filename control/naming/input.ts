/** What the DNS ALG is given. */
import type { DnsAlgSettings } from './settings.ts';
import type { Endpoint, Transport } from './transaction.ts';

export interface DnsAlgOptions {
  /** That many unpredictable octets. */
  readonly random: (length: number) => Uint8Array;
  /** At least one; asked in turn from the first that answers. */
  readonly resolvers: readonly Endpoint[];
  readonly settings?: Partial<DnsAlgSettings>;
}

export interface ClientQuery {
  readonly client: Endpoint;
  readonly transport: Transport;
  /** Comes back with the answer. */
  readonly token: number;
  readonly message: Uint8Array;
}

export interface UpstreamAnswer {
  /** Of the `query-upstream` effect whose socket received this. */
  readonly query: number;
  /** Where it came from. */
  readonly resolver: Endpoint;
  readonly message: Uint8Array;
}
