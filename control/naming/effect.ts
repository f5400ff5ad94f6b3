/** What the DNS ALG wants done. */
import type { Address } from '../wire/ipv6/address.ts';
import type { Endpoint, Transport } from './transaction.ts';

export type DnsEffect =
  /** Send `message` from a socket of its own: the random port is half of the defence against forged answers. */
  | {
      readonly kind: 'query-upstream';
      readonly query: number;
      readonly resolver: Endpoint;
      readonly transport: Transport;
      readonly message: Uint8Array;
    }
  /** The query needs no answer any more; unless its failure was reported, each query gets exactly one. */
  | { readonly kind: 'cancel-upstream'; readonly query: number }
  | {
      readonly kind: 'answer';
      readonly client: Endpoint;
      readonly transport: Transport;
      readonly token: number;
      readonly message: Uint8Array;
    }
  /**
   * `host` was just told `ulid`: it is about to send there. Also emitted for the site's own ULIDs; who makes
   * contexts knows which those are.
   */
  | {
      readonly kind: 'learned';
      readonly host: Address;
      readonly ulid: Address;
      readonly locators: readonly Address[];
      /** Seconds. */
      readonly ttl: number;
      /** Presentation form, without the final dot. */
      readonly name: string;
    };
