/** What the DNS ALG is given. */
import type { Address } from '../wire/ipv6/address.ts';
import type { Endpoint, Resolver, Transport } from './lookup.ts';
import type { DnsAlgSettings } from './settings.ts';

export interface DnsAlgOptions {
  /** That many unpredictable octets. */
  readonly random: (length: number) => Uint8Array;
  /** At least one, the preferred first. */
  readonly resolvers: readonly Resolver[];
  /** The CMULA of a host of the site by the `nameKey` of its name. Asked each time: hosts come and go. */
  readonly ownHost?: (key: string) => Address | undefined;
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
