/** What a run of the steps measured. */
import type { ContextReport, ProgramCounts } from '../../control/api/protocol.ts';

export interface Outage {
  readonly provider: string;
  readonly alternate: string;
  /** The datagrams, one a millisecond, that arrived at each end while it happened. */
  readonly probes: readonly {
    readonly at: string;
    /** Longest time between two arrivals after the cut; and before it: what the machine's own pauses make. */
    readonly gapMilliseconds: number;
    readonly usualGapMilliseconds: number;
    readonly lost: number;
    /** Overtaken by a later one. */
    readonly late: number;
    readonly duplicates: number;
    readonly received: number;
  }[];
  readonly transferSeconds: number;
  /** Milliseconds a line on the open ssh session took while the uplink was gone. */
  readonly sshMilliseconds: number;
}

/** The first connection between two hosts, by name. */
export interface SynDelay {
  /** Whether the answer to the host began the handshake, and waited for its end. */
  readonly early: 'off' | 'answer at once' | 'answer waits';
  readonly from: string;
  readonly to: string;
  /** Until the host had the address; from there until its SYN was answered. */
  readonly nameMilliseconds: number;
  readonly synMilliseconds: number;
  /** The same of a second connection: the context stands. */
  readonly synAgainMilliseconds: number;
  /** That the box kept the SYN; null where it did not. */
  readonly firstPacketMilliseconds: number | null;
}

/** Filled by the steps in their order; printed by the demo, and written by `--json`. */
export interface Figures {
  readonly firstContacts: {
    from: string;
    to: string;
    /** By address: no name was asked for, the first packet began it all. */
    by: 'name' | 'address';
    nameLookupMilliseconds: number;
    connectMilliseconds: number;
    handshakeMilliseconds: number | null;
    firstPacketMilliseconds: number | null;
  }[];
  readonly synDelays: SynDelay[];
  readonly transfers: { from: string; to: string; octets: number; seconds: number }[];
  readonly throughputs: { initiator: string; from: string; to: string; octetsPerSecond: number }[];
  readonly pings: { from: string; to: string; medianMilliseconds: number }[];
  readonly outages: Outage[];
  readonly boxes: {
    box: string;
    programs: Readonly<Record<'inside' | 'outside', ProgramCounts>>;
    contexts: readonly ContextReport[];
  }[];
}

export const emptyFigures = (): Figures => ({
  firstContacts: [],
  synDelays: [],
  transfers: [],
  throughputs: [],
  pings: [],
  outages: [],
  boxes: [],
});
