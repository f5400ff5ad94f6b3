/** What becomes of a message. */
import type { DiscardReason } from './counters.ts';
import type { LeaseChange } from './leases.ts';
import type { ClientRequest } from './request.ts';

export interface Discarded {
  readonly kind: 'discard';
  readonly reason: DiscardReason;
}

/** To be sent at once to where the message came from. */
export interface Answered {
  readonly kind: 'answer';
  readonly message: Uint8Array;
}

/** `message` may be sent once the changes are durable; when they cannot be recorded, what `failed` of the server returns. */
export interface ToRecord {
  readonly kind: 'record';
  readonly changes: readonly LeaseChange[];
  readonly message: Uint8Array;
  readonly request: ClientRequest;
  /** Offers that have become leases then. */
  readonly offers: readonly string[];
}

export type Outcome = Discarded | Answered | ToRecord;
