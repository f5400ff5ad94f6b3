/** What REAP wants done, in order. */
import type { Address } from '../wire/ipv6/address.ts';
import type { EventName, State } from './behaviour.ts';
import type { LocatorPair, Subject } from './subject.ts';

export type ReapEffect =
  /** A Keepalive or a Probe. */
  | {
      readonly kind: 'send';
      readonly source: Address;
      readonly destination: Address;
      readonly message: Uint8Array;
    }
  /** Payload is to leave by this pair, which the peer has received a probe by. */
  | { readonly kind: 'switch'; readonly slot: number; readonly subject: Subject; readonly pair: LocatorPair }
  /** A peer was found at a locator: contexts with it, `waiting` among them, may use that as destination. */
  | {
      readonly kind: 'present';
      readonly subject: Subject;
      readonly locator: Address;
      /** Slots. */
      readonly waiting: readonly number[];
    }
  | {
      readonly kind: 'transition';
      readonly slot: number;
      readonly subject: Subject;
      readonly state: State;
      readonly because: EventName;
    };
