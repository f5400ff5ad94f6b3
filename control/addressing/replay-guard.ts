/**
 * Release and Decline end leases, and nothing authenticates them. A copy of one that was acted on already, sent again
 * after its client has come back, has the same transaction id: it is answered and does nothing. Bounded; the oldest is
 * forgotten first.
 */
import { BoundedMap } from '../limits/bounded-map.ts';
import type { ClientRequest } from './request.ts';

/** No transaction id: they have 24 bits. */
const NONE = -1;

export class ReplayGuard {
  readonly #last: BoundedMap<number>;

  constructor(capacity = 65_536) {
    this.#last = new BoundedMap(capacity);
  }

  /** Whether the last such message of this client had the same transaction id. */
  isReplay(request: ClientRequest): boolean {
    return this.#last.get(keyOf(request)) === request.message.transactionId;
  }

  actedOn(request: ClientRequest): void {
    this.#last.set(keyOf(request), request.message.transactionId);
  }

  /** It could not be recorded: the client's next try is no replay. */
  undone(request: ClientRequest): void {
    this.#last.set(keyOf(request), NONE);
  }
}

const keyOf = ({ type, client }: ClientRequest): string => type + client;
