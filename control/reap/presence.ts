/**
 * Whether peers are where their lists say that they are: before a locator other than the ULID is a destination of payload,
 * a Probe has been there and back (RFC 5533 §7.2). The locator on which a context was established is proved by that; each
 * other one is sent a Probe of the exchange's own, with the state InboundOk and without reports: an answer is due and
 * nothing else changes (RFC 5534 §6.8). What is asked is about a ULID, so that one Probe serves all contexts with that
 * peer. A peer that lists a victim has it sent a Probe now and then, ever more rarely.
 */
import { type Address, addressKey, equalAddress } from '../wire/ipv6/address.ts';
import { encodeMessage, type ProbeReport } from '../wire/shim6/index.ts';
import { InboundOk, Operational, type State } from './behaviour.ts';
import type { Budget } from './budget.ts';
import type { Counters } from './counters.ts';
import type { ReapEffect } from './effects.ts';
import type { SentProbe } from './exploration.ts';
import type { Histories } from './history.ts';
import { candidates } from './pair-order.ts';
import type { PathMemory } from './path-memory.ts';
import { Schedule } from './schedule.ts';
import { type ReapSettings, TICK } from './settings.ts';
import type { LocatorPair, Subject, Surroundings } from './subject.ts';

/** Contexts of a peer looked at in one go for one to send a Probe by. */
const MOST_LOOKED_AT = 16;

interface Sought {
  readonly locator: Address;
  /** Milliseconds. */
  due: number;
  /** Probes sent to it, all in vain so far. */
  attempts: number;
  /** The last of them. */
  sent: SentProbe | undefined;
}

/** A peer that has not been found at every locator, and the contexts that wait for it. */
class Search {
  readonly peer: string;
  due = Number.POSITIVE_INFINITY;
  /** The one to send the next Probe by comes first. */
  readonly waiting = new Set<number>();
  sought: Sought[] = [];

  constructor(peer: string) {
    this.peer = peer;
  }

  /** Takes up what the list says now. */
  follow(now: number, missing: readonly Address[]): void {
    this.sought = missing.map(
      (locator) =>
        this.sought.find((one) => equalAddress(one.locator, locator)) ?? {
          locator,
          due: now,
          attempts: 0,
          sent: undefined,
        },
    );
  }
}

export interface PresenceParts {
  readonly random: () => number;
  readonly around: Surroundings;
  readonly settings: ReapSettings;
  readonly counters: Counters;
  readonly budget: Budget;
  readonly memory: PathMemory;
  readonly histories: Histories;
  readonly stateOf: (slot: number) => State;
  readonly emit: (effect: ReapEffect) => void;
}

export class Presence {
  readonly #parts: PresenceParts;
  readonly #searches = new Map<string, Search>();
  readonly #schedule = new Schedule<Search>();
  /** Those that are due, in order: failures go first, these wait. */
  readonly #ready = new Set<Search>();

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  /** Peers that are sought somewhere. */
  get size(): number {
    return this.#searches.size;
  }

  /** A context has come, or its peer's list has changed: what the peer was not found at is sought. */
  seek(now: number, slot: number, subject: Subject): void {
    const missing = missingOf(subject);
    if (missing.length === 0) return;
    const key = addressKey(subject.peer);
    let search = this.#searches.get(key);
    if (search === undefined) {
      search = new Search(key);
      this.#searches.set(key, search);
    }
    search.waiting.add(slot);
    search.follow(now, missing);
    this.#wait(search, now);
  }

  /** The context has gone. */
  forget(slot: number, peer: Address): void {
    const search = this.#searches.get(addressKey(peer));
    if (search === undefined) return;
    search.waiting.delete(slot);
    if (search.waiting.size === 0) this.#end(search);
  }

  /** Sends what is due, as far as the budget has room for more than failures need; to a peer a Probe a tick. */
  tick(now: number): void {
    this.#schedule.takeDue(now, (search) => this.#ready.add(search));
    for (const search of this.#ready) {
      if (!this.#parts.budget.hasSpare) return;
      this.#ready.delete(search);
      this.#probe(now, search);
    }
  }

  /** The Probe of ours that `report` is about, by which the peer has been found; undefined when it is about none. */
  find(subject: Subject, { nonce, source, destination }: ProbeReport): SentProbe | undefined {
    const sent = this.#searches
      .get(addressKey(subject.peer))
      ?.sought.find(({ locator }) => equalAddress(locator, destination))?.sent;
    return sent?.nonce === nonce && equalAddress(sent.source, source) ? sent : undefined;
  }

  /** The peer is at that locator. All contexts that have waited for it may choose anew. */
  confirm(now: number, subject: Subject, locator: Address): void {
    const search = this.#searches.get(addressKey(subject.peer));
    const index = search?.sought.findIndex((one) => equalAddress(one.locator, locator)) ?? -1;
    if (search === undefined || index < 0) return;
    search.sought.splice(index, 1);
    this.#parts.counters['peers-found']++;
    this.#parts.emit({ kind: 'present', subject, locator, waiting: [...search.waiting] });
    if (search.sought.length === 0) this.#end(search);
    else this.#wait(search, now);
  }

  #end(search: Search): void {
    search.due = Number.POSITIVE_INFINITY;
    this.#ready.delete(search);
    this.#searches.delete(search.peer);
  }

  #wait(search: Search, earliest: number): void {
    if (this.#ready.has(search)) return;
    const next = Math.max(earliest, Math.min(...search.sought.map(({ due }) => due)));
    if (next !== search.due) this.#schedule.set(search, next);
  }

  #probe(now: number, search: Search): void {
    const subject = this.#sender(search);
    if (subject === 'none') return this.#end(search);
    if (subject === 'later') return this.#wait(search, now + this.#parts.settings.initialProbeTimeout);
    search.follow(now, missingOf(subject));
    const one = search.sought.reduce((first, second) => (second.due < first.due ? second : first));
    if (one.due <= now) this.#seekAt(now, subject, one);
    this.#wait(search, now + TICK);
  }

  /**
   * A context to send a Probe by, each in turn. Not one that REAP is exploring: an answer in Operational would tell it that
   * all is well. Those that are gone, or miss nothing any more, wait no longer.
   */
  #sender({ peer, waiting }: Search): Subject | 'later' | 'none' {
    let looked = 0;
    for (const slot of waiting) {
      const subject = this.#parts.around.subject(slot);
      waiting.delete(slot);
      const isPeers = subject !== undefined && addressKey(subject.peer) === peer;
      if (isPeers && missingOf(subject).length > 0) {
        waiting.add(slot);
        if (this.#parts.stateOf(slot) === Operational) return subject;
      }
      if (++looked === MOST_LOOKED_AT) break;
    }
    return waiting.size === 0 ? 'none' : 'later';
  }

  #seekAt(now: number, subject: Subject, one: Sought): void {
    const { initialProbeTimeout, maximumSearchTimeout } = this.#parts.settings;
    const pair = this.#pairTo(subject, one);
    if (pair !== undefined) this.#transmit(now, subject, one, pair);
    const interval = Math.min(initialProbeTimeout * 2 ** Math.max(0, one.attempts - 1), maximumSearchTimeout);
    one.due = now + interval * (0.9 + (0.2 * this.#parts.random()) / 2 ** 32);
  }

  /** From our best locator on, each in turn; those last whose provider is known to have no way. */
  #pairTo(subject: Subject, { locator, attempts }: Sought): LocatorPair | undefined {
    const { isUsable } = this.#parts.around;
    const pairs = candidates(subject)
      .filter(({ destination }) => equalAddress(destination, locator))
      .sort((first, second) => first.preference - second.preference);
    const usable = pairs.filter(isUsable);
    const possible = usable.length > 0 ? usable : pairs;
    return possible[attempts % possible.length];
  }

  #transmit(now: number, subject: Subject, one: Sought, { source, destination }: LocatorPair): void {
    const { random, counters, histories, budget, emit } = this.#parts;
    const sent = { source, destination, nonce: random(), data: 0, at: now, reported: false };
    one.sent = sent;
    one.attempts++;
    budget.take();
    counters['presence-probes-sent']++;
    histories.noteProbe(subject, { at: now, direction: 'sent', state: InboundOk, pair: sent });
    const message = encodeMessage({
      type: 'Probe',
      receiverTag: subject.peerTag,
      state: InboundOk,
      sent: [sent],
      received: [],
      options: [],
    });
    emit({ kind: 'send', source, destination, message });
  }
}

/** Where packets may not go yet. */
const missingOf = (subject: Subject): readonly Address[] =>
  subject.peerLocators
    .filter(({ address, broken }) => !broken && !subject.isPresent(address))
    .map(({ address }) => address);
