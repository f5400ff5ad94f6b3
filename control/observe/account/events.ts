/** What happens to uplinks and contexts, as it is told to people: `pshim6 events` prints these. */

export interface PathReport {
  readonly source: string;
  readonly destination: string;
  /** Of the provider that delegated the source. */
  readonly uplink: string;
}

export type Happening =
  | {
      readonly kind: 'uplink';
      readonly uplink: string;
      readonly state: 'up' | 'down';
      readonly because: string;
    }
  /** An outage began, or a later phase of it is over: see `pshim6 outages`. */
  | {
      readonly kind: 'outage';
      readonly outage: number;
      readonly subject: string;
      readonly phase: string;
      readonly contexts: number | null;
      readonly milliseconds: number;
    }
  /** One context uses another locator pair, for another reason than its uplink's state. */
  | {
      readonly kind: 'switched';
      readonly local: string;
      readonly peer: string;
      readonly from: PathReport | null;
      readonly to: PathReport | null;
      readonly because: string;
    }
  | { readonly kind: 'failed'; readonly local: string; readonly peer: string; readonly because: string }
  | { readonly kind: 'established' | 'removed'; readonly local: string; readonly peer: string }
  /** So many more of a kind happened in that second than are told one by one. */
  | { readonly kind: 'more'; readonly of: string; readonly count: number };

/** With when it happened, ISO 8601. */
export type BoxEvent = Happening & { readonly at: string };
