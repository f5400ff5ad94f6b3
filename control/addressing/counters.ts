/** What the server counts: messages by type, answers, and every reason for which a message went unanswered. */
import type { RequestName } from './request.ts';

export const DISCARD_REASONS = [
  'malformed',
  'not-for-servers',
  'no-client-identifier',
  'no-server-identifier',
  'unwanted-server-identifier',
  'other-server',
  'unicast',
  'ia-in-information-request',
  'unknown-link',
  'client-rate',
  'relay-rate',
  'nothing-to-confirm',
] as const;

export type DiscardReason = (typeof DISCARD_REASONS)[number];

export class DhcpCounters {
  received = 0;
  /** Of those received, the well-formed ones by their type. */
  readonly requests: Record<RequestName, number> = {
    Solicit: 0,
    Request: 0,
    Confirm: 0,
    Renew: 0,
    Rebind: 0,
    Release: 0,
    Decline: 0,
    InformationRequest: 0,
  };
  answered = 0;
  /** No modifier at hand: NoAddrsAvail was answered. */
  poolEmpty = 0;
  /** Offers forgotten to make room. */
  offersForgotten = 0;
  useMulticast = 0;
  declined = 0;
  replayed = 0;
  readonly discarded: Record<DiscardReason, number> = Object.fromEntries(
    DISCARD_REASONS.map((reason) => [reason, 0]),
  ) as Record<DiscardReason, number>;
}
