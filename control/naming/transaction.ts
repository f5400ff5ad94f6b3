/** One client query and what was asked upstream because of it. */
import type { Query } from './classify.ts';
import type { Endpoint, TaskBase, Transport } from './lookup.ts';
import type { Ulids } from './ulids.ts';

export interface Transaction extends TaskBase {
  readonly kind: 'query';
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
  /** The answer to the client's own question. */
  answer: Uint8Array | undefined;
  /** The same over UDP where it did not fit. */
  truncated: Uint8Array | undefined;
  /** Undefined until the ULID question is settled; then 'none' or what the name has. */
  ulids: Ulids | 'none' | undefined;
  /** Messages handed to the client so far. */
  relayed: number;
  /** When waiting for the ULID ends, milliseconds; Infinity until the rest is there. */
  graceEnd: number;
}
