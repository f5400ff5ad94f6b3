/**
 * REAP in the box: the data path's ticks and the peers' messages go in, Keepalives and Probes go out, and a context whose
 * way is dead is switched to the pair that was found.
 */
import { ActivityScan } from '../dataplane/activity-scan.ts';
import type { InstalledContexts } from '../dataplane/contexts.ts';
import type { Dataplane } from '../dataplane/dataplane.ts';
import { PresenceNews } from '../dataplane/presence-news.ts';
import { NO_SLOT } from '../dataplane/slot-table.ts';
import type { Log } from '../observe/log.ts';
import {
  type Counters,
  type LocatorPair,
  Operational,
  Reap,
  type ReapEffect,
  type ReapSettings,
  samePair,
} from '../reap/index.ts';
import type { ContextView } from '../shim6/context.ts';
import type { Effect } from '../shim6/effects.ts';
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import type { Clock } from './core-driver.ts';

export interface ReapDriverOptions {
  readonly dataplane: Pick<Dataplane, 'egress' | 'ingress' | 'links'>;
  readonly contexts: InstalledContexts;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: (length: number) => Uint8Array;
  readonly settings: Partial<ReapSettings>;
  readonly contextWithTag: (localTag: ContextTag) => ContextView | undefined;
  /** The peer was found at that locator of its. */
  readonly confirmPresence: (context: ContextView, peerLocator: Address) => void;
  /** False for a pair that is known not to work. */
  readonly isUsable: (pair: LocatorPair) => boolean;
  readonly send: (source: Address, destination: Address, message: Uint8Array) => void;
  /** A context is being explored, because of that event; or works (again). */
  readonly onExploring?: (context: ContextView, because: string) => void;
  readonly onOperational?: (context: ContextView) => void;
  /** Contexts stay on a pair though another is preferred by now. */
  readonly onPreferencesChanged?: () => void;
  /** A context was switched to another pair. */
  readonly onSwitch?: (context: ContextView, pair: LocatorPair) => void;
}

export class ReapDriver {
  readonly reap: Reap;
  readonly #options: ReapDriverOptions;
  readonly #scan: ActivityScan;
  readonly #presence: PresenceNews;
  /** Since the last line in the log. */
  #found = 0;
  #lost = 0;
  #ticks = 0;

  constructor(options: ReapDriverOptions) {
    this.#options = options;
    const { egress, ingress, links } = options.dataplane;
    this.reap = new Reap({
      random: options.random,
      slots: egress.mask + 1,
      settings: options.settings,
      around: {
        subject: (slot) => this.#context(slot),
        currentPair: (slot) => egress.pathInUse(slot, (uplink) => links.isUp(uplink)),
        lastReceived: (slot) => {
          const inbound = this.#scan.ingressSlot(slot);
          return inbound === NO_SLOT ? 0 : ingress.lastReceived(inbound);
        },
        isUsable: options.isUsable,
      },
    });
    this.#scan = new ActivityScan({
      egress,
      ingress,
      observe: (slot, since, lastSent, received) => this.reap.observe(slot, since, lastSent, received),
      isAtRest: (slot) => this.reap.isAtRest(slot),
    });
    this.#presence = new PresenceNews({
      context: (slot) => this.#context(slot),
      contexts: options.contexts,
      clock: options.clock,
      onStaying: () => options.onPreferencesChanged?.(),
    });
  }

  get counters(): Readonly<Counters> {
    return this.reap.counters;
  }

  /** Takes note of what the SHIM6 core does with a context, after the tables have been written. */
  follow(effect: Effect): void {
    switch (effect.kind) {
      case 'established':
      case 'changed':
        return this.#adopt(effect.context);
      case 'heard':
        this.#withSlot(effect.context, (slot) => this.reap.controlReceived(slot));
        return;
      case 'send':
        if (effect.context) this.#withSlot(effect.context, (slot) => this.reap.controlSent(slot));
        return;
      case 'reachability':
        return this.#receive(effect);
    }
  }

  /** The context is about to leave the tables. */
  forget(context: ContextView): void {
    const slots = this.#options.contexts.slots(context);
    if (slots === undefined) return;
    this.reap.forget(slots.egress, context.peer);
    this.#scan.unwatch(slots.egress);
  }

  /**
   * A router says that the context's packets do not arrive by `pair`: tests that, if it is the pair in use. True when the
   * matter is in REAP's hands.
   */
  suspect(context: ContextView, pair: LocatorPair): boolean {
    const { contexts, clock } = this.#options;
    const { egress } = contexts.view(context) ?? {};
    const inUse = egress?.paths[egress.active];
    const slots = contexts.slots(context);
    if (slots === undefined || inUse === undefined || !samePair(inUse, pair)) return false;
    this.reap.suspect(clock(), slots.egress);
    this.#carryOut();
    return this.reap.state(slots.egress) !== Operational;
  }

  /** Whether any pair was found dead lately. */
  knowsDeadPairs(): boolean {
    return this.reap.knowsDeadPairs(this.#options.clock());
  }

  /** What others found of a pair, for where a new context begins; see Reap. */
  doubts(pair: LocatorPair): number {
    return this.reap.doubts(this.#options.clock(), pair);
  }

  /** `tick`: the data path's clock; called for each of its steps. */
  tick(tick: number): void {
    this.reap.tick(this.#options.clock(), tick);
    this.#scan.step(tick);
    this.#carryOut();
    this.#presence.step();
    if (++this.#ticks % 10 === 0) this.#report();
  }

  #adopt(context: ContextView): void {
    const slots = this.#options.contexts.slots(context);
    if (slots === undefined) return;
    if (this.#scan.watch(slots.egress, slots.ingress))
      this.reap.adopt(slots.egress, context.keepaliveTimeout);
    else if (context.keepaliveTimeout !== undefined) {
      this.reap.setKeepaliveTimeout(slots.egress, context.keepaliveTimeout);
    }
    this.reap.seek(this.#options.clock(), slots.egress);
    if (this.#isLost(context, slots.egress)) this.reap.explore(this.#options.clock(), slots.egress);
    this.#carryOut();
  }

  /** The peer says that it is not where the context sends to, and is elsewhere; there it must be found first. */
  #isLost(context: ContextView, slot: number): boolean {
    const { egress, links } = this.#options.dataplane;
    const current = egress.pathInUse(slot, (uplink) => links.isUp(uplink));
    if (current === undefined || context.state !== 'ESTABLISHED') return false;
    const working = context.peerLocators.filter(({ broken }) => !broken);
    return working.length > 0 && !working.some(({ address }) => equalAddress(address, current.destination));
  }

  #receive({ context, source, destination, message }: Extract<Effect, { kind: 'reachability' }>): void {
    const now = this.#options.clock();
    this.#withSlot(context, (slot) => {
      if (message.type === 'Keepalive') this.reap.handleKeepalive(now, slot);
      else this.reap.handleProbe(now, slot, { source, destination, probe: message });
    });
  }

  #withSlot(context: ContextView, act: (slot: number) => void): void {
    const slots = this.#options.contexts.slots(context);
    if (slots === undefined) return;
    act(slots.egress);
    this.#carryOut();
  }

  /** The context of a slot of the egress table: the one whose tag is in its slot of the ingress table. */
  #context(slot: number): ContextView | undefined {
    const inbound = this.#scan.ingressSlot(slot);
    if (inbound === NO_SLOT) return undefined;
    const context = this.#options.contextWithTag(this.#options.dataplane.ingress.tagAt(inbound));
    return context?.state === 'ESTABLISHED' ? context : undefined;
  }

  #carryOut(): void {
    const effects = this.reap.takeEffects();
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ReapEffect): void {
    const { contexts, send, onSwitch, confirmPresence } = this.#options;
    if (effect.kind === 'send') return send(effect.source, effect.destination, effect.message);
    if (effect.kind === 'transition') {
      if (effect.because === 'Send timeout') this.#lost++;
      this.#tell(effect);
      return;
    }
    if (effect.kind === 'present') {
      const [context] = effect.waiting.flatMap((slot) => this.#context(slot) ?? []);
      if (context === undefined) return;
      confirmPresence(context, effect.locator);
      return this.#presence.add(effect.waiting);
    }
    const context = this.#context(effect.slot);
    if (context === undefined) return;
    confirmPresence(context, effect.pair.destination);
    contexts.setPair(context, effect.pair);
    this.#found++;
    onSwitch?.(context, effect.pair);
  }

  #tell({ slot, state, because }: Extract<ReapEffect, { kind: 'transition' }>): void {
    const { onExploring, onOperational } = this.#options;
    const context = this.#context(slot);
    if (context === undefined) return;
    if (state === Operational) onOperational?.(context);
    else onExploring?.(context, because);
  }

  /** One line a second at most, whatever the number of contexts (RFC 5534 §9 wants failures and failovers told). */
  #report(): void {
    if (this.#lost === 0 && this.#found === 0) return;
    this.#options.log.warn('paths-lost', {
      silent: this.#lost,
      switched: this.#found,
      exploring: this.reap.attended,
    });
    [this.#lost, this.#found] = [0, 0];
  }
}
