/** The host's own REAP: a slot for each context that it carries, and the tick of what went last either way. */
import { type LocatorPair, Reap, type ReapEffect, TICK } from '../../../control/reap/index.ts';
import type { ContextView } from '../../../control/shim6/context.ts';
import type { Effect } from '../../../control/shim6/effects.ts';
import { type Address, equalAddress } from '../../../control/wire/ipv6/address.ts';

export interface ReachabilityOptions {
  readonly clock: () => number;
  readonly random: (length: number) => Uint8Array;
  readonly pairInUse: (context: ContextView) => LocatorPair | undefined;
  readonly send: (source: Address, destination: Address, message: Uint8Array) => void;
  /** The peer was found there. */
  readonly onPresent: (context: ContextView, locator: Address) => void;
  /** Payload is to leave by that pair. */
  readonly onSwitch: (context: ContextView, pair: LocatorPair) => void;
}

const SLOTS = 64;

interface Slot {
  readonly context: ContextView;
  sent: number;
  received: number;
}

export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #reap: Reap;
  readonly #slots: (Slot | undefined)[] = Array.from({ length: SLOTS });
  #tick = 1;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    this.#reap = new Reap({
      random: options.random,
      slots: SLOTS,
      around: {
        subject: (slot) => this.#slots[slot]?.context,
        currentPair: (slot) => {
          const context = this.#slots[slot]?.context;
          return context && options.pairInUse(context);
        },
        lastReceived: (slot) => this.#slots[slot]?.received ?? 0,
        isUsable: () => true,
      },
    });
    setInterval(() => this.#step(), TICK).unref();
  }

  /** The context carries payload, or something about it has changed. */
  follow(context: ContextView): void {
    if (context.state !== 'ESTABLISHED') return;
    let slot = this.#slotOf(context);
    if (slot < 0) {
      slot = this.#slots.indexOf(undefined);
      if (slot < 0) return;
      this.#slots[slot] = { context, sent: 0, received: 0 };
      this.#reap.adopt(slot, context.keepaliveTimeout);
    }
    const now = this.#options.clock();
    this.#reap.seek(now, slot);
    if (this.#isLost(context)) this.#reap.explore(now, slot);
    this.#carryOut();
  }

  forget(context: ContextView): void {
    const slot = this.#slotOf(context);
    if (slot < 0) return;
    this.#reap.forget(slot, context.peer);
    this.#slots[slot] = undefined;
  }

  sent(context: ContextView): void {
    const slot = this.#slots[this.#slotOf(context)];
    if (slot !== undefined) slot.sent = this.#tick;
  }

  received(context: ContextView): void {
    const slot = this.#slots[this.#slotOf(context)];
    if (slot !== undefined) slot.received = this.#tick;
  }

  handle({ context, source, destination, message }: Extract<Effect, { kind: 'reachability' }>): void {
    const slot = this.#slotOf(context);
    if (slot < 0) return;
    const now = this.#options.clock();
    if (message.type === 'Keepalive') this.#reap.handleKeepalive(now, slot);
    else this.#reap.handleProbe(now, slot, { source, destination, probe: message });
    this.#carryOut();
  }

  #slotOf(context: ContextView): number {
    return this.#slots.findIndex((slot) => slot?.context === context);
  }

  /** The peer says that it is not where we send to. */
  #isLost(context: ContextView): boolean {
    const current = this.#options.pairInUse(context);
    const working = context.peerLocators.filter(({ broken }) => !broken);
    return (
      working.length > 0 &&
      !working.some(({ address }) => current !== undefined && equalAddress(address, current.destination))
    );
  }

  #step(): void {
    const since = this.#tick++;
    this.#reap.tick(this.#options.clock(), this.#tick);
    for (const [slot, row] of this.#slots.entries())
      if (row !== undefined)
        this.#reap.observe(slot, since, row.sent, row.received >= since ? row.received : 0);
    this.#carryOut();
  }

  #carryOut(): void {
    for (const effect of this.#reap.takeEffects()) this.#perform(effect);
  }

  #perform(effect: ReapEffect): void {
    const { send, onPresent, onSwitch } = this.#options;
    if (effect.kind === 'send') return send(effect.source, effect.destination, effect.message);
    if (effect.kind === 'transition') return;
    const slot = effect.kind === 'present' ? effect.waiting[0]! : effect.slot;
    const context = this.#slots[slot]?.context;
    if (context === undefined) return;
    if (effect.kind === 'present') return onPresent(context, effect.locator);
    onPresent(context, effect.pair.destination);
    onSwitch(context, effect.pair);
  }
}
