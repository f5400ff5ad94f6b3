/** Full reachability exploration, RFC 5534 §4.2 and §4.3: sending Probes in turn, and learning from those that come. */
import { encodeMessage, type Probe, type ProbeReport } from '../wire/shim6/index.ts';
import { type EventName, Operational, type State } from './behaviour.ts';
import { Exploration, type SentProbe } from './exploration.ts';
import type { Histories } from './history.ts';
import { candidates, includesPair, nextPair, samePair } from './pair-order.ts';
import type { PathMemory } from './path-memory.ts';
import type { Presence, PresenceParts } from './presence.ts';
import type { ReceivedProbe } from './received-probe.ts';
import { Schedule } from './schedule.ts';
import type { LocatorPair, Subject } from './subject.ts';

export interface ProberParts extends PresenceParts {
  readonly presence: Presence;
}

export class Prober {
  readonly memory: PathMemory;
  readonly histories: Histories;
  readonly #parts: ProberParts;
  readonly #explorations = new Map<number, Exploration>();
  readonly #schedule = new Schedule<Exploration>();
  /** Who waits for the budget, in order: those with an answer to give, then those that call. */
  readonly #answers = new Set<Exploration>();
  readonly #calls = new Set<Exploration>();

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.memory = parts.memory;
    this.histories = parts.histories;
  }

  /** Contexts that explore, or did a moment ago. */
  get size(): number {
    return this.#explorations.size;
  }

  find(slot: number): Exploration | undefined {
    return this.#explorations.get(slot);
  }

  attend(slot: number, subject: Subject): Exploration {
    const known = this.#explorations.get(slot);
    if (known !== undefined) return known;
    const exploration = new Exploration(slot, subject);
    this.#explorations.set(slot, exploration);
    return exploration;
  }

  end(exploration: Exploration): void {
    exploration.due = Number.POSITIVE_INFINITY;
    this.#answers.delete(exploration);
    this.#calls.delete(exploration);
    this.#explorations.delete(exploration.slot);
  }

  /**
   * An exploration begins. When the pair in use brought nothing back for a Send Timeout, or the peer calls because nothing
   * came by it, others do not begin with it; this one does unless it was told so before.
   */
  begin(now: number, exploration: Exploration, cause: EventName): void {
    const current = this.#parts.around.currentPair(exploration.slot);
    const known = current !== undefined && this.memory.verdict(now, current) === 'dead';
    const doubted = known || cause === 'pair lost';
    exploration.begin(cause, doubted);
    const brokeOff = cause === 'Send timeout' || cause === 'Probe Exploring';
    if (brokeOff && current !== undefined) this.memory.note(now, current, 'dead');
    this.#parts.counters.explorations++;
    this.histories.noteExploration(exploration.subject);
  }

  /** It has ended; kept for a while, so that nothing of it means anything twice. */
  retire(now: number, exploration: Exploration): void {
    this.#schedule.set(exploration, now + this.#parts.settings.retention);
  }

  /**
   * SEND Probe, in the state that the context is in by now; later, if the budget does not allow it. What answers the peer
   * goes first, so that the explorations that have come farthest end.
   */
  send(now: number, exploration: Exploration, answers: boolean): void {
    const { counters, settings, budget } = this.#parts;
    if (!exploration.admits(now, settings.probesPerContext)) {
      counters['probes-limited']++;
      return this.#repeatLater(now, exploration);
    }
    if (budget.take()) return this.#transmit(now, exploration);
    counters['reap-deferred']++;
    (answers ? this.#answers : this.#calls).add(exploration);
  }

  /** False when the budget is spent and some still wait. */
  sendWaiting(now: number): boolean {
    for (const waiting of [this.#answers, this.#calls]) {
      for (const exploration of waiting) {
        if (!this.#parts.budget.take()) return false;
        waiting.delete(exploration);
        this.#transmit(now, exploration);
      }
    }
    return true;
  }

  /** Calls `retransmit` for those whose next probe is due; those that have ended long enough ago are forgotten. */
  takeDue(now: number, retransmit: (exploration: Exploration) => void): void {
    this.#schedule.takeDue(now, (exploration) => {
      if (this.#parts.stateOf(exploration.slot) === Operational) this.end(exploration);
      else retransmit(exploration);
    });
  }

  /** Takes up what the peer has sent and seen. `choose`: its state lets us take a new current pair (§6.8). */
  receive(now: number, exploration: Exploration, { probe }: ReceivedProbe, choose: boolean): void {
    const { counters, presence, stateOf } = this.#parts;
    const { subject } = exploration;
    const own = probe.sent[0]!;
    exploration.noteReceived(own);
    const state = probe.state as State;
    this.histories.noteProbe(subject, { at: now, direction: 'received', state, pair: own });
    const confirmed: SentProbe[] = [];
    for (const report of probe.received) {
      const ofExploration = exploration.sentProbe(report);
      const sent = ofExploration ?? presence.find(subject, report);
      if (sent === undefined) {
        counters['probe-unknown-report']++;
        continue;
      }
      sent.reported = true;
      this.memory.note(now, sent, 'alive');
      presence.confirm(now, subject, sent.destination);
      // That the peer is somewhere else, too, moves nothing, unless a way was looked for just now.
      if (ofExploration !== undefined || stateOf(exploration.slot) !== Operational) confirmed.push(sent);
    }
    if (choose && confirmed.length > 0) this.#choose(now, exploration, confirmed);
  }

  /** RFC 5534 §6.8: a pair of those by which our probes came. The current one, if it is among them. */
  #choose(now: number, exploration: Exploration, confirmed: readonly SentProbe[]): void {
    const { slot, subject, sent, cause } = exploration;
    const { around, emit, counters } = this.#parts;
    const newest = Math.max(...confirmed.map(({ at }) => at));
    for (const probe of sent)
      if (!probe.reported && probe.at < newest && !confirmed.some((one) => samePair(one, probe)))
        this.memory.note(now, probe, 'dead');
    const current = around.currentPair(slot);
    if (current !== undefined && sent.some((probe) => probe.reported && samePair(probe, current))) return;
    const possible = candidates(subject).filter((pair) => includesPair(confirmed, pair));
    const pair = nextPair(possible, this.#order(now, []));
    if (pair === undefined) return;
    counters['pair-switches']++;
    this.histories.noteSwitch(subject, { at: now, from: current, to: pair, because: cause });
    exploration.chosen = pair;
    emit({ kind: 'switch', slot, subject, pair });
  }

  #transmit(now: number, exploration: Exploration): void {
    const { slot, subject } = exploration;
    const { stateOf, counters, random, emit } = this.#parts;
    const state = stateOf(slot);
    const pair = state === Operational ? this.#answering(exploration) : this.#nextPair(now, exploration);
    if (pair === undefined) {
      counters['no-pair-to-probe']++;
      return this.#repeatLater(now, exploration);
    }
    const { source, destination } = pair;
    const received = state === Operational ? reported(exploration) : exploration.received;
    const sent = { source, destination, nonce: random(), data: 0, at: now, reported: false };
    exploration.noteSent(sent);
    const probe: Probe = {
      type: 'Probe',
      receiverTag: subject.peerTag,
      state,
      sent: exploration.sentReports(sent),
      received,
      options: [],
    };
    counters['probes-sent']++;
    this.histories.noteProbe(subject, { at: now, direction: 'sent', state, pair: sent });
    emit({ kind: 'send', source, destination, message: encodeMessage(probe) });
    if (state !== Operational) this.#repeatLater(now, exploration);
  }

  /**
   * An answer in Operational takes the current pair, or the way back of what it answers: for want of a current one, and
   * to who asks whether the question came.
   */
  #answering({ slot, received, chosen, reports }: Exploration): LocatorPair | undefined {
    const current = chosen ?? this.#parts.around.currentPair(slot);
    const last = received.at(-1);
    if (last === undefined || (current !== undefined && reports !== 'last')) return current;
    return { source: last.destination, destination: last.source };
  }

  /** RFC 5534 §4.3, beginning with the current pair, unless it is known not to work or the peer's probe names another. */
  #nextPair(now: number, exploration: Exploration): LocatorPair | undefined {
    const { hint, subject, slot, attempts, doubted } = exploration;
    const pairs = candidates(subject);
    const current = this.#parts.around.currentPair(slot);
    const beginsWithCurrent = attempts === 0 && hint === undefined && !doubted && current !== undefined;
    let pair: LocatorPair | undefined;
    if (beginsWithCurrent && includesPair(pairs, current)) pair = current;
    else pair = nextPair(pairs, this.#order(now, exploration.tried, hint));
    if (pair === undefined) {
      // All were tried: once more, from the best on.
      exploration.tried = [];
      pair = nextPair(pairs, this.#order(now, [], hint));
    }
    if (pair !== undefined) exploration.tried.push(pair);
    exploration.hint = undefined;
    exploration.attempts++;
    return pair;
  }

  #order(now: number, tried: readonly LocatorPair[], hint?: LocatorPair) {
    const { isUsable } = this.#parts.around;
    return { now, memory: this.memory, isUsable, tried, hint };
  }

  /** RFC 5534 §7: a few probes half a second apart, then ever more rarely; not quite in step with others. */
  #repeatLater(now: number, exploration: Exploration): void {
    const { initialProbeTimeout, initialProbes, maximumProbeTimeout } = this.#parts.settings;
    const doublings = Math.max(0, exploration.attempts - initialProbes);
    const interval = Math.min(initialProbeTimeout * 2 ** doublings, maximumProbeTimeout);
    this.#schedule.set(exploration, now + interval * (0.9 + (0.2 * this.#parts.random()) / 2 ** 32));
  }
}

/** Probes received, as an answer in Operational tells them. */
function reported({ received, reports }: Exploration): readonly ProbeReport[] {
  if (reports === 'none') return [];
  return reports === 'last' ? received.slice(-1) : received;
}
