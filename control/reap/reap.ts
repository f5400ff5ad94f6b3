/**
 * The reachability protocol of RFC 5534, without input or output of its own: time, randomness, messages and the ticks
 * that the data path leaves are passed in, what is to be done is taken with `takeEffects`. A context in Operational
 * costs a few octets of typed arrays; what exploring needs exists while it is needed.
 */
import type { Address } from '../wire/ipv6/address.ts';
import { encodeMessage } from '../wire/shim6/index.ts';
import {
  Action,
  behaviour,
  type EventName,
  Exploring,
  Operational,
  type Row,
  type State,
} from './behaviour.ts';
import { Budget } from './budget.ts';
import { zeroCounters } from './counters.ts';
import type { ReapEffect } from './effects.ts';
import { type ContextHistory, Histories } from './history.ts';
import { PathMemory } from './path-memory.ts';
import { Presence } from './presence.ts';
import { Prober } from './prober.ts';
import { type ReceivedProbe, readProbe } from './received-probe.ts';
import { DEFAULT_SEND_TIMEOUT, DEFAULT_SETTINGS, type ReapSettings, TICK } from './settings.ts';
import type { LocatorPair, Subject, Surroundings } from './subject.ts';
import { TimerKind, Timers } from './timers.ts';

export interface ReapOptions {
  /** Unpredictable octets: nonces come from here. */
  readonly random: (length: number) => Uint8Array;
  readonly around: Surroundings;
  /** Contexts are known by numbers below this. */
  readonly slots: number;
  readonly settings?: Partial<ReapSettings>;
}

/** What makes a Probe one that answers nothing. */
const CALLS: ReadonlySet<EventName> = new Set(['Send timeout', 'pair lost', 'retransmission']);
/** Milliseconds in which an answer of ours that was lost is asked for again: a few probes of the peer. */
const COMPLAINT_GRACE = 5_000;

const ticks = (seconds: number): number => Math.round((seconds * 1000) / TICK);

export class Reap {
  readonly settings: ReapSettings;
  readonly counters = zeroCounters();
  readonly #around: Surroundings;
  readonly #timers: Timers;
  readonly #budget: Budget;
  readonly #prober: Prober;
  readonly #presence: Presence;
  /** Keepalives that wait for the budget, in order. */
  readonly #keepalives = new Set<number>();
  readonly #salt: number;
  #effects: ReapEffect[] = [];
  #now = 0;
  #tick = 0;

  constructor({ random, around, slots, settings }: ReapOptions) {
    this.settings = { ...DEFAULT_SETTINGS, ...settings };
    this.#around = around;
    this.#timers = new Timers(slots);
    this.#budget = new Budget(this.settings.packetsPerSecond);
    const randomU32 = () => {
      const [a, b, c, d] = random(4);
      return ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0;
    };
    const parts = {
      random: randomU32,
      around,
      settings: this.settings,
      counters: this.counters,
      budget: this.#budget,
      memory: new PathMemory(this.settings.memory),
      histories: new Histories(this.settings.histories),
      stateOf: (slot: number) => this.state(slot),
      emit: (effect: ReapEffect) => void this.#effects.push(effect),
    };
    this.#presence = new Presence(parts);
    this.#prober = new Prober({ ...parts, presence: this.#presence });
    this.#salt = randomU32() | 1;
  }

  /** Begins to watch a context; traffic up to now does not count. `keepaliveTimeout`: the peer's Send Timeout, seconds. */
  adopt(slot: number, keepaliveTimeout = DEFAULT_SEND_TIMEOUT): void {
    this.forget(slot);
    this.#timers.start(slot, TimerKind.Fresh, this.#tick);
    this.setKeepaliveTimeout(slot, keepaliveTimeout);
  }

  /** The Keepalive Timeout option of the peer, seconds (RFC 5534 §5.3). */
  setKeepaliveTimeout(slot: number, seconds: number): void {
    this.#timers.setKeepaliveTimeout(slot, ticks(seconds));
  }

  /** Its peer is to be found at each locator that is not known to be its, before packets go there. */
  seek(now: number, slot: number): void {
    const subject = this.#around.subject(slot);
    if (subject !== undefined) this.#presence.seek(now, slot, subject);
  }

  /** The context has gone. `peer`: its ULID. */
  forget(slot: number, peer?: Address): void {
    if (peer !== undefined) this.#presence.forget(slot, peer);
    const exploration = this.#prober.find(slot);
    if (exploration !== undefined) {
      this.#prober.end(exploration);
      this.#prober.histories.forget(exploration.subject);
    }
    this.#keepalives.delete(slot);
    this.#timers.setState(slot, Operational);
    this.#timers.stop(slot);
  }

  state(slot: number): State {
    return this.#timers.state(slot);
  }

  /** Which of the two timers runs. */
  timer(slot: number): 'none' | 'Send' | 'Keepalive' {
    const kind = this.#timers.kind(slot);
    if (kind === TimerKind.Send) return 'Send';
    return kind === TimerKind.Keepalive ? 'Keepalive' : 'none';
  }

  /** Contexts that are not Operational, or were not a moment ago. */
  get attended(): number {
    return this.#prober.size;
  }

  /** Peers that have not been found at every locator that they list. */
  get sought(): number {
    return this.#presence.size;
  }

  history(subject: Subject): ContextHistory | undefined {
    return this.#prober.histories.find(subject);
  }

  /** What is to be said against a pair for a new context: 2 when it cannot work, 1 when it lately did not, or 0. */
  doubts(now: number, pair: LocatorPair): 0 | 1 | 2 {
    if (!this.#around.isUsable(pair)) return 2;
    return this.#prober.memory.verdict(now, pair) === 'dead' ? 1 : 0;
  }

  /** Whether any pair was found dead lately. */
  knowsDeadPairs(now: number): boolean {
    return this.#prober.memory.knowsDead(now);
  }

  takeEffects(): readonly ReapEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /**
   * What the data path did with a context since tick `since`: when it last sent, and when it received, 0 for not at
   * all. Fires the context's timers. Called for every context a few times a second: they are as exact as that.
   */
  observe(slot: number, since: number, lastSent: number, received: number): void {
    const timers = this.#timers;
    let [sent, heard] = [lastSent >= since, received];
    if (timers.kind(slot) === TimerKind.Fresh) {
      sent &&= lastSent > timers.since(slot);
      if (heard <= timers.since(slot)) heard = 0;
      if (!sent && heard === 0) return;
      timers.stop(slot);
    }
    if (heard !== 0 && (!sent || lastSent > heard)) this.#apply('incoming payload', slot, heard);
    if (sent) this.#apply('outgoing payload', slot, lastSent);
    // In one tick nobody knows which was first. If what came was last, both ends see to keepalives, which is harmless.
    if (heard !== 0 && sent && lastSent <= heard) this.#apply('incoming payload', slot, heard);
    if (timers.kind(slot) !== TimerKind.None) this.#runTimer(slot, since);
  }

  /** Whether nothing is to be observed of a context while it neither sends nor receives: no timer runs. */
  isAtRest(slot: number): boolean {
    return this.#timers.isAtRest(slot);
  }

  /** SHIM6's own messages after establishment count as payload (RFC 5534 §6.1, §6.2). */
  controlSent(slot: number): void {
    this.#settle(slot);
    this.#apply('outgoing payload', slot, this.#tick);
  }

  controlReceived(slot: number): void {
    this.#settle(slot);
    this.#apply('incoming payload', slot, this.#tick);
  }

  /** The current pair is known not to work, by an Update Request for instance: another is looked for at once. */
  explore(now: number, slot: number): void {
    this.#now = now;
    this.#settle(slot);
    this.#apply('pair lost', slot, this.#tick);
  }

  handleKeepalive(now: number, slot: number): void {
    this.#now = now;
    this.counters['keepalives-received']++;
    this.#apply('Keepalive', slot, this.#tick);
  }

  /** A Probe for an established context, between locators of it, RFC 5534 §6.7 to §6.9. */
  handleProbe(now: number, slot: number, received: ReceivedProbe): void {
    this.#now = now;
    const subject = this.#around.subject(slot);
    if (subject === undefined) return;
    this.counters['probes-received']++;
    const event = readProbe(this.counters, received);
    if (event === undefined) return;
    const exploration = this.#prober.attend(slot, subject);
    if (!exploration.isNews(received.probe.sent[0]!.nonce)) {
      this.counters['probe-replayed']++;
      return;
    }
    this.#settle(slot);
    // A peer that hears us, whom we did not complain to, hears us by the pair in use: there is nothing to choose.
    const complained = now <= exploration.complaintEnds;
    const choose = event === 'Probe Operational' || (event === 'Probe InboundOk' && complained);
    // Without reports it is no answer to a complaint that someone may have forged: it asks whether it came (RFC 5533 §7.2).
    const asked = event === 'Probe InboundOk' && received.probe.received.length === 0;
    exploration.reports = this.state(slot) !== Operational || complained ? 'all' : asked ? 'last' : 'none';
    this.#prober.receive(now, exploration, received, choose);
    this.#apply(event, slot, this.#tick);
    if (this.state(slot) === Operational) this.#prober.retire(now, exploration);
  }

  /**
   * A router says that what is sent by the current pair does not arrive: a hint to test that at once instead of when the
   * Send Timer ends, and not to disrupt anything (RFC 5534 §3.3). False when the context is being explored already.
   */
  suspect(now: number, slot: number): boolean {
    if (this.state(slot) !== Operational) return false;
    this.#now = now;
    this.#settle(slot);
    this.#timers.stop(slot);
    this.#apply('Send timeout', slot, this.#tick);
    return this.state(slot) !== Operational;
  }

  /** Time goes on: `tick` is the data path's. Sends what is due and what the budget had put off. */
  tick(now: number, tick: number): void {
    this.#now = now;
    this.#tick = tick;
    this.#budget.refill(now);
    for (const slot of this.#keepalives) {
      if (!this.#budget.take()) return;
      this.#keepalives.delete(slot);
      this.#transmitKeepalive(slot);
    }
    if (!this.#prober.sendWaiting(now)) return;
    this.#prober.takeDue(now, ({ slot }) => this.#apply('retransmission', slot, tick));
    this.#presence.tick(now);
  }

  /** What comes by control messages is news, whatever the data path did before. */
  #settle(slot: number): void {
    if (this.#timers.kind(slot) === TimerKind.Fresh) this.#timers.stop(slot);
  }

  #runTimer(slot: number, since: number): void {
    const timers = this.#timers;
    const started = timers.since(slot);
    const elapsed = this.#tick - started;
    if (timers.kind(slot) === TimerKind.Send) {
      if (elapsed < this.#sendTimeout(slot)) return;
      // The table may have been written since it was read for this observation.
      const received = this.#around.lastReceived(slot);
      if (received >= started) return this.#apply('incoming payload', slot, received);
      timers.stop(slot);
      return this.#apply('Send timeout', slot, this.#tick);
    }
    const timeout = timers.keepaliveTimeout(slot);
    if (elapsed >= timeout) {
      timers.stop(slot);
      return this.#apply('Keepalive timeout', slot, this.#tick);
    }
    const interval = Math.max(1, Math.floor(timeout / this.settings.keepalives));
    const before = Math.max(0, since - started);
    if (Math.floor(elapsed / interval) > Math.floor(before / interval)) this.#sendKeepalive(slot);
  }

  /** Not the same for all, so that they are not in step (RFC 5534 §4.1): up to 2 % longer. Ticks. */
  #sendTimeout(slot: number): number {
    const timeout = ticks(this.settings.sendTimeout);
    return timeout + ((Math.imul(slot + 1, this.#salt) >>> 8) % (Math.floor(timeout / 50) + 1));
  }

  #apply(event: EventName, slot: number, tick: number): void {
    const timers = this.#timers;
    const before = timers.state(slot);
    const { actions, next } = (behaviour[event] as Row).rules[before];
    if (next !== before && !this.#goto(slot, next, event)) return;
    if (actions & Action['STOP Send'] && timers.kind(slot) === TimerKind.Send) timers.stop(slot);
    if (actions & Action['STOP Keepalive'] && timers.kind(slot) === TimerKind.Keepalive) timers.stop(slot);
    if (actions & Action['RESTART Send']) timers.start(slot, TimerKind.Send, tick);
    if (actions & Action['START Send'] && timers.kind(slot) !== TimerKind.Send)
      timers.start(slot, TimerKind.Send, tick);
    if (actions & Action['START Keepalive'] && timers.kind(slot) !== TimerKind.Keepalive)
      timers.start(slot, TimerKind.Keepalive, tick);
    if (actions & Action['SEND Keepalive']) this.#sendKeepalive(slot);
    if (actions & Action['SEND Probe']) this.#sendProbe(slot, event);
  }

  /** False when there is no such context any more. */
  #goto(slot: number, state: State, because: EventName): boolean {
    const timers = this.#timers;
    const before = timers.state(slot);
    const subject = this.#around.subject(slot);
    if (subject === undefined) return false;
    const exploration = this.#prober.attend(slot, subject);
    timers.setState(slot, state);
    // No timer is running in Exploring (§6).
    if (state === Exploring) timers.stop(slot);
    if (before === Operational) {
      this.#prober.begin(this.#now, exploration, because);
    } else if (state === Operational) {
      this.counters.recoveries++;
      this.#prober.retire(this.#now, exploration);
      exploration.complaintEnds = Math.min(exploration.complaintEnds, this.#now + COMPLAINT_GRACE);
    }
    if (state === Exploring) {
      exploration.complaintEnds = Number.POSITIVE_INFINITY;
      exploration.received = [];
    }
    this.#effects.push({ kind: 'transition', slot, subject, state, because });
    return true;
  }

  #sendProbe(slot: number, because: EventName): void {
    const subject = this.#around.subject(slot);
    if (subject === undefined) return;
    const answers = !CALLS.has(because);
    this.#prober.send(this.#now, this.#prober.attend(slot, subject), answers);
  }

  /** A keepalive that the budget puts off is sent before any Probe: without it the peer would explore. */
  #sendKeepalive(slot: number): void {
    if (this.#budget.take()) return this.#transmitKeepalive(slot);
    this.counters['reap-deferred']++;
    this.#keepalives.add(slot);
  }

  /** RFC 5534 §5.1, on the current pair. */
  #transmitKeepalive(slot: number): void {
    const subject = this.#around.subject(slot);
    const current = this.#around.currentPair(slot);
    if (subject === undefined || current === undefined) return;
    this.counters['keepalives-sent']++;
    const message = encodeMessage({ type: 'Keepalive', receiverTag: subject.peerTag, options: [] });
    this.#effects.push({ kind: 'send', ...current, message });
  }
}
