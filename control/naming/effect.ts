/** What the DNS ALG wants done. */
import type { Address } from '../wire/ipv6/address.ts';
import type { Told } from './learning.ts';
import type { Endpoint, Resolver, Transport } from './lookup.ts';

export type DnsEffect =
  /** Send `message` from a port hard to guess: that is half of the defence against forged answers (RFC 5452 §9.2). */
  | {
      readonly kind: 'query-upstream';
      readonly query: number;
      readonly resolver: Resolver;
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
      /** What the host is told, not of hosts of the site: the same as in the `learned` effects before this one. */
      readonly told: readonly Told[];
    }
  /** `host` is told `ulid`, not of a host of the site: it is about to send there. */
  | {
      readonly kind: 'learned';
      readonly host: Address;
      readonly ulid: Address;
      readonly locators: readonly Address[];
      /** Seconds. */
      readonly ttl: number;
      /** Presentation form, without the final dot. */
      readonly name: string;
    }
  /** A search has ended: hosts sent packets to `ulid` and may wait for a context to it. */
  | {
      readonly kind: 'found';
      readonly ulid: Address;
      readonly locators: readonly Address[];
      readonly askers: readonly Address[];
      readonly name: string;
    }
  | { readonly kind: 'not-found'; readonly ulid: Address; readonly askers: readonly Address[] };
