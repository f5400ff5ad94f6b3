/** What can say whether an uplink works, and what it says. */

/**
 * Carrier and a resolved router are needed: without them no packet leaves. The others are witnesses: what they
 * do not know, or cannot tell, is nothing against the uplink.
 */
export const NEEDED_SOURCES = ['carrier', 'neighbour'] as const;
export const WITNESS_SOURCES = ['bfd', 'routes', 'probe'] as const;
export type SourceName = (typeof NEEDED_SOURCES)[number] | (typeof WITNESS_SOURCES)[number];

export type SourceState = 'up' | 'down' | 'unknown';

export interface SourceReport {
  readonly source: SourceName;
  readonly state: SourceState;
  /** For people and logs: why, in few words. */
  readonly detail: string;
}

export interface SourceStatus extends SourceReport {
  /** When this state began, milliseconds of the box's clock. */
  readonly since: number;
}
