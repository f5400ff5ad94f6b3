/**
 * Tells REAP what each context sent and received, RFC 5534 §4.1, from the ticks that the data path leaves in the shared
 * tables. There is no timer per context: both tables are gone through a few times a second, a slice at a time, in the
 * order of memory; one table's slots are looked up in the other only while they carry traffic.
 */
import type { EgressTable } from './egress-table.ts';
import type { IngressTable } from './ingress-table.ts';
import { NO_SLOT } from './slot-table.ts';

/** Slots gone through in a step, unless the table is so large that it would take more steps than MOST_STEPS. */
const SLOTS_A_STEP = 262_144;
/** Steps in which every slot is seen: half a second, at 100 ms a step. */
const MOST_STEPS = 5;

/** `received`: the tick of the last packet since this context was told of before; 0 when there was none. */
export type Observe = (slot: number, since: number, lastSent: number, received: number) => void;

export class ActivityScan {
  readonly #egress: EgressTable;
  readonly #ingress: IngressTable;
  readonly #observe: Observe;
  readonly #steps: number;
  /** By slot of the egress table: that of the same context in the ingress table, NO_SLOT where none is watched. */
  readonly #ingressOf: Int32Array;
  readonly #egressOf: Int32Array;
  /** By slot of the egress table. */
  readonly #received: Uint32Array;
  /** When each slice of the tables was last seen, ticks. */
  readonly #seen: Uint32Array;
  #step = 0;

  constructor(egress: EgressTable, ingress: IngressTable, observe: Observe) {
    this.#egress = egress;
    this.#ingress = ingress;
    this.#observe = observe;
    const slots = egress.mask + 1;
    this.#steps = Math.min(MOST_STEPS, Math.ceil(slots / SLOTS_A_STEP));
    this.#ingressOf = new Int32Array(slots).fill(NO_SLOT);
    this.#egressOf = new Int32Array(slots).fill(NO_SLOT);
    this.#received = new Uint32Array(slots);
    this.#seen = new Uint32Array(this.#steps);
  }

  /** Begins to watch a context. True when it was not watched. */
  watch(egressSlot: number, ingressSlot: number): boolean {
    if (this.#ingressOf[egressSlot] === ingressSlot) return false;
    this.unwatch(egressSlot);
    this.#ingressOf[egressSlot] = ingressSlot;
    this.#egressOf[ingressSlot] = egressSlot;
    return true;
  }

  unwatch(egressSlot: number): void {
    const ingressSlot = this.#ingressOf[egressSlot]!;
    if (ingressSlot !== NO_SLOT) this.#egressOf[ingressSlot] = NO_SLOT;
    this.#ingressOf[egressSlot] = NO_SLOT;
    this.#received[egressSlot] = 0;
  }

  /** The ingress slot of a context that is watched, or NO_SLOT. */
  ingressSlot(egressSlot: number): number {
    return this.#ingressOf[egressSlot]!;
  }

  /** Goes through the next slice of both tables. `tick`: the data path's clock, of which each step is one or more. */
  step(tick: number): void {
    const slots = this.#ingressOf.length;
    const size = Math.ceil(slots / this.#steps);
    const start = this.#step * size;
    const end = Math.min(slots, start + size);
    const since = this.#seen[this.#step]!;
    this.#seen[this.#step] = tick;
    this.#step = (this.#step + 1) % this.#steps;
    // Never seen: what has happened so far is past.
    if (since === 0) return;
    for (let slot = start; slot < end; slot++) {
      const egressSlot = this.#egressOf[slot]!;
      if (egressSlot === NO_SLOT) continue;
      const lastReceived = this.#ingress.lastReceived(slot);
      if (lastReceived >= since) this.#received[egressSlot] = lastReceived;
    }
    for (let slot = start; slot < end; slot++) {
      if (this.#ingressOf[slot] === NO_SLOT) continue;
      const received = this.#received[slot]!;
      this.#received[slot] = 0;
      this.#observe(slot, since, this.#egress.lastSent(slot), received);
    }
  }
}
