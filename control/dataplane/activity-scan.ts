/**
 * Tells REAP what each context sent and received, RFC 5534 §4.1, from the ticks that the data path leaves in the shared
 * tables. There is no timer per context: both tables are gone through a few times a second, a slice at a time, in the
 * order of memory; one table's slots are looked up in the other only while they carry traffic. Where there are contexts
 * at all, every slot's tick is read first and asked about afterwards: most have nothing to tell, which the processor
 * foresees, and it reads ahead; whether a slot is taken it cannot foresee.
 */
import type { EgressTable } from './egress-table.ts';
import type { IngressTable } from './ingress-table.ts';
import { NO_SLOT } from './slot-table.ts';

/** Slots gone through in a step, unless the table is so large that it would take more steps than MOST_STEPS. */
const SLOTS_A_STEP = 262_144;
/** Steps in which every slot is seen: half a second, at 100 ms a step. */
const MOST_STEPS = 5;
/** Slots that are passed over together when none of them is watched. */
const BLOCK_BITS = 5;
const BLOCK = 1 << BLOCK_BITS;

/** `received`: the tick of the last packet since this context was told of before; 0 when there was none. */
export type Observe = (slot: number, since: number, lastSent: number, received: number) => void;

export interface ActivityScanOptions {
  readonly egress: EgressTable;
  readonly ingress: IngressTable;
  readonly observe: Observe;
  /** Whether a context that neither sent nor received need not be told of. */
  readonly isAtRest: (slot: number) => boolean;
}

/** For each slot of a table that of the same context in the other; NO_SLOT where none is watched. */
class Partners {
  readonly #slots: Int32Array;
  readonly #inBlock: Uint8Array;

  constructor(slots: number) {
    this.#slots = new Int32Array(slots).fill(NO_SLOT);
    this.#inBlock = new Uint8Array((slots + BLOCK - 1) >>> BLOCK_BITS);
  }

  of(slot: number): number {
    return this.#slots[slot]!;
  }

  set(slot: number, partner: number): void {
    const before = this.#slots[slot]!;
    if (before === partner) return;
    this.#slots[slot] = partner;
    if (before === NO_SLOT) this.#inBlock[slot >>> BLOCK_BITS]!++;
    else if (partner === NO_SLOT) this.#inBlock[slot >>> BLOCK_BITS]!--;
  }

  /** Whether there is none among the slots from `first`, where a block begins. */
  isBlockEmpty(first: number): boolean {
    return this.#inBlock[first >>> BLOCK_BITS] === 0;
  }
}

export class ActivityScan {
  readonly #options: ActivityScanOptions;
  readonly #slots: number;
  /** Of a step; whole blocks. */
  readonly #size: number;
  /** By slot of the egress table, and of the ingress table. */
  readonly #ingressOf: Partners;
  readonly #egressOf: Partners;
  /** By slot of the egress table. */
  readonly #received: Uint32Array;
  /** When each slice of the tables was last seen, ticks. */
  readonly #seen: Uint32Array;
  #step = 0;

  constructor(options: ActivityScanOptions) {
    this.#options = options;
    const slots = options.egress.mask + 1;
    const steps = Math.min(MOST_STEPS, Math.ceil(slots / SLOTS_A_STEP));
    this.#slots = slots;
    this.#size = Math.ceil(slots / steps / BLOCK) * BLOCK;
    this.#ingressOf = new Partners(slots);
    this.#egressOf = new Partners(slots);
    this.#received = new Uint32Array(slots);
    this.#seen = new Uint32Array(steps);
  }

  /** Begins to watch a context. True when it was not watched. */
  watch(egressSlot: number, ingressSlot: number): boolean {
    if (this.#ingressOf.of(egressSlot) === ingressSlot) return false;
    this.unwatch(egressSlot);
    this.#ingressOf.set(egressSlot, ingressSlot);
    this.#egressOf.set(ingressSlot, egressSlot);
    return true;
  }

  unwatch(egressSlot: number): void {
    const ingressSlot = this.#ingressOf.of(egressSlot);
    if (ingressSlot !== NO_SLOT) this.#egressOf.set(ingressSlot, NO_SLOT);
    this.#ingressOf.set(egressSlot, NO_SLOT);
    this.#received[egressSlot] = 0;
  }

  /** The ingress slot of a context that is watched, or NO_SLOT. */
  ingressSlot(egressSlot: number): number {
    return this.#ingressOf.of(egressSlot);
  }

  /** Goes through the next slice of both tables. `tick`: the data path's clock, of which each step is one or more. */
  step(tick: number): void {
    const start = this.#step * this.#size;
    const end = Math.min(this.#slots, start + this.#size);
    const since = this.#seen[this.#step]!;
    this.#seen[this.#step] = tick;
    this.#step = (this.#step + 1) % this.#seen.length;
    // Never seen: what has happened so far is past.
    if (since === 0) return;
    for (let slot = start; slot < end; slot += BLOCK) {
      if (!this.#egressOf.isBlockEmpty(slot)) this.#noteReceived(slot, Math.min(end, slot + BLOCK), since);
    }
    for (let slot = start; slot < end; slot += BLOCK) {
      if (!this.#ingressOf.isBlockEmpty(slot)) this.#tell(slot, Math.min(end, slot + BLOCK), since);
    }
  }

  #noteReceived(first: number, end: number, since: number): void {
    const { ingress } = this.#options;
    for (let slot = first; slot < end; slot++) {
      const lastReceived = ingress.lastReceived(slot);
      if (lastReceived < since) continue;
      const egressSlot = this.#egressOf.of(slot);
      if (egressSlot !== NO_SLOT) this.#received[egressSlot] = lastReceived;
    }
  }

  #tell(first: number, end: number, since: number): void {
    const { egress, observe, isAtRest } = this.#options;
    for (let slot = first; slot < end; slot++) {
      const lastSent = egress.lastSent(slot);
      const received = this.#received[slot]!;
      if (lastSent < since && received === 0 && isAtRest(slot)) continue;
      if (this.#ingressOf.of(slot) === NO_SLOT) continue;
      this.#received[slot] = 0;
      observe(slot, since, lastSent, received);
    }
  }
}
