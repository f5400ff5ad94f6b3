/** What is asked upstream: lookups, the attempts at them, and the tasks that they serve. */
import type { Address } from '../wire/ipv6/address.ts';
import type { Alarm } from './deadlines.ts';
import type { Probe } from './probes.ts';
import type { Search } from './search.ts';
import type { Transaction } from './transaction.ts';

export type Transport = 'udp' | 'tcp';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** A resolver to be asked over TLS (RFC 7858), and who it has to prove to be (RFC 8310 §8.1). */
export interface TlsIdentity {
  readonly name: string;
  /** Certificates of the authorities trusted, PEM; the system's when absent. */
  readonly authorities?: string;
}

export interface Resolver extends Endpoint {
  /** Absent: UDP, and TCP where needed. */
  readonly tls?: TlsIdentity;
}

/** Whatever waits for answers from upstream, and until when. */
export interface TaskBase {
  readonly lookups: Lookup[];
  /** Milliseconds on the caller's clock. */
  deadline: number;
  alarm: Alarm | undefined;
}

export type Task = Transaction | Search | Probe;

/** One message sent to one resolver. */
export interface Attempt {
  /** Names the attempt, and with it the socket it was sent from, to the adapter. Never reused. */
  readonly query: number;
  readonly id: number;
  /** Index of the resolver. */
  readonly resolver: number;
  readonly transport: Transport;
  readonly sentAt: number;
  readonly lookup: Lookup;
}

export type Role =
  | 'main' // a client's own question
  | 'ulid'
  | 'locators'
  | 'pointer'
  | 'probe';

/** One question for the resolvers, tried until one answers. */
export interface Lookup {
  readonly task: Task;
  readonly role: Role;
  /** To be sent; the ID is set per attempt. */
  readonly message: Uint8Array;
  /** The only resolver to be asked; any when undefined. */
  readonly pinned: number | undefined;
  /** Of all attempts but the last, which goes over TCP: UDP may not pass. */
  transport: Transport;
  /** Earlier attempts stay open: a slow answer is better than none. */
  readonly attempts: Set<Attempt>;
  /** The latest of them. */
  latest: Attempt | undefined;
  /** Attempts so far by resolver. */
  readonly tries: Uint8Array;
  sent: number;
  /** An answer of several messages has begun: the question is not asked again. */
  begun: boolean;
  /** Milliseconds; Infinity once answered, failed, or sent often enough. */
  retryAt: number;
  /** No attempt is open and none will be made. */
  failed: boolean;
}
