/** A failure, and what may come of it for connections that are open meanwhile. */
import type { ProbeReport } from '../probe.ts';

/** How a lab must be raised for a scenario; scenarios of one setting share a lab. */
export type Setting =
  /** As the demo's: carrier, neighbours, REAP as it comes. */
  | 'plain'
  /** Site 1 hears BFD (3 x 300 ms) and BGP; REAP's Send Timeout is 3 s at both. */
  | 'watched'
  /** Site 1 has a third provider, z1. */
  | 'three'
  /** Site 1 reaches its providers by tunnels to exit routers. */
  | 'tunnels';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly setting: Setting;
  /** What notices it. */
  readonly noticedBy: string;
  /** The longest gap allowed in the 1 ms streams, milliseconds, while it fails and while it is mended. */
  readonly most: number;
  readonly mostWhenMended: number;
  /** Octets a second of the transfer, so that the failure falls into it. */
  readonly rate: number;
  /** Runs in `npm test`, too. */
  readonly short: boolean;
  /** Breaks it, and may wait until boxes have noticed. */
  readonly fail: () => Promise<unknown>;
  /** The uplink that must carry h1's packets afterwards, by name. */
  readonly carriedBy?: string;
  readonly mend: () => Promise<unknown>;
  /** Nothing may be lost while it is mended, and no more datagrams than this come late, either way. */
  readonly lateWhenMended?: number;
}

export interface Gap {
  /** Milliseconds; null where nothing was sent before the failure. */
  readonly before: number | null;
  readonly failing: number;
  readonly mending: number;
  /** Datagrams, over the whole scenario. */
  readonly lost: number;
  readonly duplicates: number;
  /** Those that a later one overtook. */
  readonly late: number;
  /** While it is mended: what the network lost, and what came late. */
  readonly lostMending: number;
  readonly lateMending: number;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly noticedBy: string;
  readonly most: number;
  /** Datagrams that h1 received from h2, and h2 from h1. */
  readonly toH1: Gap;
  readonly toH2: Gap;
  readonly transferSeconds: number;
  /** How long the first line took over the open ssh session after the failure. */
  readonly sshMilliseconds: number;
  readonly carriedBy: string;
}

/** Of the datagrams: `mending` is the phase in which the failure is mended. What the receiving host lost is not counted. */
export function countsOf({ lost, losses, late, duplicates, overflowed }: ProbeReport, mending: number) {
  return {
    lost,
    duplicates,
    late: late.reduce((sum, count) => sum + count, 0),
    lostMending: Math.max(0, (losses[mending] ?? 0) - overflowed),
    lateMending: late[mending] ?? 0,
  };
}
