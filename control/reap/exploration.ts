/** What only a context has that needs attention, RFC 5534 §4.2: probes sent and received, and what to try next. */
import { equalAddress } from '../wire/ipv6/address.ts';
import type { ProbeReport } from '../wire/shim6/index.ts';
import type { EventName } from './behaviour.ts';
import { samePair } from './pair-order.ts';
import type { Scheduled } from './schedule.ts';
import type { LocatorPair, Subject } from './subject.ts';

/** Psent and Precvd are 4 bits. */
const MOST_REPORTS = 15;
/** Earlier probes told again, in case that the peer got them: of no use but to its people. */
const SENT_AGAIN = 3;
/** Nonces of the peer that are remembered. */
const MOST_NONCES = 32;

export interface SentProbe extends ProbeReport {
  readonly at: number;
  /** The peer said that it came. */
  reported: boolean;
}

export class Exploration implements Scheduled {
  readonly slot: number;
  readonly subject: Subject;
  /** Milliseconds. */
  due = Number.POSITIVE_INFINITY;
  /** What began it. */
  cause: EventName = 'Send timeout';
  /** Until when an answer to our complaint may come, milliseconds: without end while we are in Exploring. */
  complaintEnds = 0;
  /**
   * What an answer in Operational reports: all probes, or the last. None when what is answered is none of our doing, as we
   * are Operational and have no complaint, so that whoever forges a complaint to our peer moves nothing (§6.8: without
   * reports the current pair is unchanged).
   */
  reports: 'all' | 'last' | 'none' = 'all';
  /** When it began the current pair was known not to work for others. */
  doubted = false;
  /** Probes sent in Exploring and InboundOk, for the back-off. */
  attempts = 0;
  /** The pair switched to: answers leave by it at once. */
  chosen: LocatorPair | undefined;
  /** The last probe of the peer, reversed: the likeliest candidate (RFC 5534 Appendix A, example 4). */
  hint: LocatorPair | undefined;
  /** Pairs tried since all were. */
  tried: LocatorPair[] = [];
  /** The newest last. */
  sent: SentProbe[] = [];
  /** Received since the last transition to Exploring, the latest for each pair, the newest last. */
  received: ProbeReport[] = [];
  readonly #nonces: number[] = [];
  #second = 0;
  #inSecond = 0;

  constructor(slot: number, subject: Subject) {
    this.slot = slot;
    this.subject = subject;
  }

  /** Operational no more: what an earlier exploration sent and found tells nothing. What just came stays. */
  begin(cause: EventName, doubted: boolean): void {
    this.cause = cause;
    this.doubted = doubted;
    this.complaintEnds = 0;
    this.attempts = 0;
    this.tried = [];
    this.sent = [];
    this.chosen = undefined;
    this.received = this.received.slice(-1);
  }

  /** Whether one more probe may be sent in this second. */
  admits(now: number, most: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) [this.#second, this.#inSecond] = [second, 0];
    return ++this.#inSecond <= most;
  }

  /** False for a nonce that came before. */
  isNews(nonce: number): boolean {
    if (this.#nonces.includes(nonce)) return false;
    if (this.#nonces.length === MOST_NONCES) this.#nonces.shift();
    this.#nonces.push(nonce);
    return true;
  }

  noteReceived(report: ProbeReport): void {
    this.received = this.received.filter((one) => !samePair(one, report));
    if (this.received.length === MOST_REPORTS) this.received.shift();
    this.received.push(report);
    this.hint = { source: report.destination, destination: report.source };
  }

  noteSent(probe: SentProbe): void {
    if (this.sent.length === MOST_REPORTS) this.sent.shift();
    this.sent.push(probe);
  }

  /** Our own probe that a report is about; undefined when it is about none of these. */
  sentProbe({ nonce, source, destination }: ProbeReport): SentProbe | undefined {
    return this.sent.find(
      (one) =>
        one.nonce === nonce && equalAddress(one.source, source) && equalAddress(one.destination, destination),
    );
  }

  /**
   * The Psent fields: the probe itself, then recent ones that were not reported as seen. None that went elsewhere: whoever
   * is here could report them, too, and be believed to be there (RFC 5533 §7.2).
   */
  sentReports(probe: SentProbe): readonly ProbeReport[] {
    const again = this.sent.filter(
      (one) => one !== probe && !one.reported && equalAddress(one.destination, probe.destination),
    );
    return [probe, ...again.slice(-SENT_AGAIN).reverse()];
  }
}
