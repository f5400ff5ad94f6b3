/** What the core wants done, in order. */
import type { Address } from '../wire/ipv6/address.ts';
import type { ContextTag, Keepalive, Probe } from '../wire/shim6/index.ts';
import type { ContextView } from './context.ts';

export type FailureReason =
  /** `local` was never set with `setHost`. */
  | 'unknown-host'
  | 'no-peer-locator'
  | 'no-usable-locator'
  | 'table-full'
  /** The host has too many establishments under way or held down. */
  | 'too-many-unfinished'
  | 'too-many-forks'
  /** Our locators and their proof do not fit a control message, however they are divided. */
  | 'message-too-long'
  /** Every retransmission was in vain, RFC 5533 §7.8. */
  | 'no-response'
  /** ICMPv6 says that the peer does not know SHIM6, RFC 5533 §7.8. */
  | 'no-support'
  /** The peer answered an Error that more of the same cannot mend. */
  | 'refused';

export type Effect =
  /** A control message to put behind an IPv6 header with these addresses and next header 140. */
  | {
      readonly kind: 'send';
      readonly source: Address;
      readonly destination: Address;
      readonly message: Uint8Array;
      /** The established context that it belongs to: for REAP it is payload of that (RFC 5534 §6.2). */
      readonly context?: ContextView;
    }
  /** A Keepalive or a Probe for an established context, between locators of it: REAP's (RFC 5534). */
  | {
      readonly kind: 'reachability';
      readonly context: ContextView;
      readonly source: Address;
      readonly destination: Address;
      readonly message: Keepalive | Probe;
    }
  /** Another control message for an established context came: for REAP it is payload (RFC 5534 §6.1). */
  | { readonly kind: 'heard'; readonly context: ContextView }
  /**
   * The context may carry payload. `recovered`: the peer kept a context that we had lost, and sent to this tag;
   * payload held for it between locators of the two is for this context.
   */
  | { readonly kind: 'established'; readonly context: ContextView; readonly recovered?: ContextTag }
  /** State, peer's tag, locators or preferences, or which local locators are usable: choose paths anew. */
  | { readonly kind: 'changed'; readonly context: ContextView; readonly recovered?: ContextTag }
  /** It carries no payload any more; its tags and locators can still be read. */
  | { readonly kind: 'removed'; readonly context: ContextView }
  /** No context until `holddownUntil` (milliseconds): `establish` before then fails at once. */
  | {
      readonly kind: 'failed';
      readonly local: Address;
      readonly peer: Address;
      readonly fork: number;
      readonly reason: FailureReason;
      readonly holddownUntil: number;
    };
