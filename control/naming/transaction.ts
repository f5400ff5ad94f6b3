/** One client query and what was asked upstream because of it. */
import { TYPE } from '../wire/dns/constants.ts';
import type { Query } from './classify.ts';
import type { ClientQuery } from './input.ts';
import type { Endpoint, TaskBase, Transport } from './lookup.ts';
import type { PlainQuery } from './plain-query.ts';
import type { KnownUlids } from './ulid-cache.ts';

export interface Transaction extends TaskBase {
  readonly kind: 'query';
  readonly client: Endpoint;
  readonly transport: Transport;
  /** The adapter's own: how to reach the client. */
  readonly token: number;
  readonly query: Query;
  /** As the client sent it. */
  readonly message: Uint8Array;
  /** If others may get the same answer. */
  readonly plain: PlainQuery | undefined;
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
  /** Undefined until the ULID question is settled, and where the answer does not depend on it. */
  known: KnownUlids | undefined;
  /** Those who asked the same meanwhile: they get this one's answer. */
  readonly followers: Transaction[];
  readonly startedAt: number;
  /** Messages handed to the client so far. */
  relayed: number;
  /** When waiting for the ULID ends, milliseconds; Infinity until the rest is there. */
  graceEnd: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** `deadline`: milliseconds from now. */
export function openTransaction(
  now: number,
  { client, transport, token, message }: ClientQuery,
  query: Query,
  more: Pick<Transaction, 'plain' | 'copyKey' | 'deadline'>,
): Transaction {
  const type = query.question?.type;
  return {
    kind: 'query',
    client,
    transport,
    token,
    query,
    message,
    plain: more.plain,
    transfer: transport === 'tcp' && (type === TYPE.AXFR || type === TYPE.IXFR),
    copyKey: more.copyKey,
    octets: 0,
    lookups: [],
    answer: undefined,
    truncated: undefined,
    known: undefined,
    followers: [],
    startedAt: now,
    relayed: 0,
    deadline: now + more.deadline,
    graceEnd: NEVER,
    alarm: undefined,
  };
}
