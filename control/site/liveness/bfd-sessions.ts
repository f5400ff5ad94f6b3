/**
 * What BFD (RFC 5880) says of uplinks, following RFC 5882 §3: a session that has not been up yet, or that was taken
 * down by an administrator, says nothing, and neither does a bfdd that has gone. Pure.
 */
import { type Address, equalAddress } from '../../wire/ipv6/address.ts';
import type { BfdNotification } from './bfdd-protocol.ts';
import type { SourceReport, SourceState } from './source.ts';

/** The session that watches an uplink. */
export interface WatchedSession {
  readonly uplink: number;
  readonly peer: Address;
  /** Where bfdd names the interface of a session, it is this one. */
  readonly interface: string;
}

export type Report = (uplink: number, report: SourceReport) => void;

/** RFC 5880 §4.1. */
const DIAGNOSTICS = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbor signaled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
];
const NO_DIAGNOSTIC = 0;
const ADMINISTRATIVELY_DOWN = 7;

export class BfdSessions {
  readonly #watched: readonly WatchedSession[];
  readonly #report: Report;
  /** Uplinks whose session has been up since bfdd answers. */
  readonly #wasUp = new Set<number>();
  /** bfdd was lost before: what it says of the time since is not about the uplinks. */
  #wasLost = false;

  constructor(watched: readonly WatchedSession[], report: Report) {
    this.#watched = watched;
    this.#report = report;
  }

  handle(notification: BfdNotification): void {
    for (const { uplink, peer, interface: name } of this.#watched) {
      if (!equalAddress(peer, notification['peer-address'])) continue;
      if ((notification['local-interface'] ?? name) !== name) continue;
      this.#report(uplink, { source: 'bfd', ...this.#judge(uplink, notification) });
    }
  }

  /** Nothing more is heard of bfdd. */
  lose(reason: string): void {
    this.#wasUp.clear();
    this.#wasLost = true;
    for (const { uplink } of this.#watched)
      this.#report(uplink, { source: 'bfd', state: 'unknown', detail: reason });
  }

  #judge(uplink: number, notification: BfdNotification): { state: SourceState; detail: string } {
    if (notification.op === 'delete') {
      this.#wasUp.delete(uplink);
      return { state: 'unknown', detail: 'bfdd has no such session' };
    }
    const { state, diagnostics } = notification;
    if (state === 'up') {
      this.#wasUp.add(uplink);
      return { state: 'up', detail: 'session up' };
    }
    const isAdministrative =
      state === 'adm-down' ||
      diagnostics === ADMINISTRATIVELY_DOWN ||
      notification['remote-diagnostics'] === ADMINISTRATIVELY_DOWN;
    if (isAdministrative) return { state: 'unknown', detail: 'administratively down' };
    // bfdd may have followed it for longer than we do: then the diagnostic tells that it was lost.
    const wasUp = this.#wasUp.has(uplink) || (!this.#wasLost && diagnostics !== NO_DIAGNOSTIC);
    if (!wasUp) return { state: 'unknown', detail: 'session not up yet' };
    return { state: 'down', detail: DIAGNOSTICS[diagnostics] ?? `diagnostic ${diagnostics}` };
  }
}
