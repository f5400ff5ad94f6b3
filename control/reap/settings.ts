/** Constants and variables of RFC 5534 §7, and the limits that keep REAP bounded. */

export interface ReapSettings {
  /** Seconds without return traffic after which exploration begins. Peers are told when it is not 15. */
  readonly sendTimeout: number;
  /** Keepalives in a Keepalive Timeout: the Keepalive Interval is one third or one half of it. */
  readonly keepalives: 2 | 3;
  /** Milliseconds. */
  readonly initialProbeTimeout: number;
  readonly initialProbes: number;
  /** Milliseconds. */
  readonly maximumProbeTimeout: number;
  /** Milliseconds between Probes to a locator at which the peer was never found, in the end. */
  readonly maximumSearchTimeout: number;
  /** Keepalives and Probes sent a second, of all contexts together. */
  readonly packetsPerSecond: number;
  /** Probes a second of one context, whatever its peer sends. */
  readonly probesPerContext: number;
  /** Milliseconds that what was found of a pair orders the exploration of other contexts. */
  readonly memory: number;
  /** Milliseconds that an exploration is kept once it has ended: nonces of it mean nothing twice. */
  readonly retention: number;
  /** Contexts whose history is kept. */
  readonly histories: number;
}

/** Milliseconds of a tick, the unit of the data path's last-sent and last-received. */
export const TICK = 100;
export const DEFAULT_SEND_TIMEOUT = 15;

export const DEFAULT_SETTINGS: ReapSettings = {
  sendTimeout: DEFAULT_SEND_TIMEOUT,
  keepalives: 3,
  initialProbeTimeout: 500,
  initialProbes: 4,
  maximumProbeTimeout: 60_000,
  maximumSearchTimeout: 600_000,
  packetsPerSecond: 10_000,
  probesPerContext: 10,
  memory: 60_000,
  retention: 30_000,
  histories: 4_096,
};
