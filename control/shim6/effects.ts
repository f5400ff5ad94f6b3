/** What the core wants done, in order. */
import type { Address } from '../wire/ipv6/address.ts';
import type { ContextView } from './context.ts';

export type FailureReason =
  /** `local` was never set with `setHost`. */
  | 'unknown-host'
  | 'no-peer-locator'
  | 'no-usable-locator'
  | 'table-full'
  /** Every retransmission was in vain, RFC 5533 §7.8. */
  | 'no-response';

export type Effect =
  /** A control message to put behind an IPv6 header with these addresses and next header 140. */
  | {
      readonly kind: 'send';
      readonly source: Address;
      readonly destination: Address;
      readonly message: Uint8Array;
    }
  /** The context may carry payload. */
  | { readonly kind: 'established'; readonly context: ContextView }
  /** Peer's tag, locators or preferences, or which local locators are usable: choose paths anew. */
  | { readonly kind: 'changed'; readonly context: ContextView }
  | { readonly kind: 'removed'; readonly context: ContextView }
  /** No context until `holddownUntil` (milliseconds): `establish` before then fails at once. */
  | {
      readonly kind: 'failed';
      readonly local: Address;
      readonly peer: Address;
      readonly reason: FailureReason;
      readonly holddownUntil: number;
    };
