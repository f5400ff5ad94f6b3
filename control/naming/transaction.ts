/** One client query and what was asked upstream because of it. */
import type { Address } from '../wire/ipv6/address.ts';
import type { Query } from './classify.ts';
import type { Ulids } from './rewrite.ts';

export type Transport = 'udp' | 'tcp';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** One message sent to one resolver. */
export interface Attempt {
  /** Names the attempt, and with it the socket it was sent from, to the adapter. Never reused. */
  readonly query: number;
  readonly id: number;
  readonly resolver: Endpoint;
  readonly lookup: Lookup;
}

/** One question for the resolvers, tried until one answers. */
export interface Lookup {
  readonly transaction: Transaction;
  readonly role: 'main' | 'ulid';
  /** To be sent; the ID is set per attempt. */
  readonly message: Uint8Array;
  transport: Transport;
  /** Index of the resolver asked first; the others follow in turn. */
  first: number;
  /** Earlier attempts stay open: a slow answer is better than none. */
  readonly attempts: Set<Attempt>;
  sent: number;
  /** Milliseconds; Infinity once answered, failed, or sent often enough. */
  retryAt: number;
  /** No attempt is open and none will be made. */
  failed: boolean;
}

export interface Transaction {
  readonly client: Endpoint;
  readonly transport: Transport;
  /** The adapter's own: how to reach the client. */
  readonly token: number;
  readonly query: Query;
  /** A zone transfer over TCP: any number of messages answer it (RFC 5936 §2.2). */
  readonly transfer: boolean;
  /** Equal for copies of one UDP query (a host that retransmits). */
  readonly copyKey: string | undefined;
  /** Held for this transaction: the query and what has been answered. */
  octets: number;
  lookups: Lookup[];
  /** The answer to the client's own question. */
  answer: Uint8Array | undefined;
  /** The same over UDP where it did not fit. */
  truncated: Uint8Array | undefined;
  /** Undefined until the ULID question is settled; then 'none' or what the name has. */
  ulids: Ulids | 'none' | undefined;
  /** Messages handed to the client so far. */
  relayed: number;
  /** Milliseconds on the caller's clock, all three. */
  deadline: number;
  /** When waiting for the ULID ends; Infinity until the rest is there. */
  graceEnd: number;
  wakeAt: number;
}
