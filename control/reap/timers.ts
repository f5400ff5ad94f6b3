/**
 * State and timer of every context, a few octets each: there is no timer object per context. What is due is found by
 * whoever goes through the slots.
 */
import type { State } from './behaviour.ts';

/** Bits 30 and 31 of a timer's word. `Fresh` is no timer: nothing stamped up to its tick is traffic yet. */
export const TimerKind = { None: 0, Send: 1, Keepalive: 2, Fresh: 3 } as const;
export type TimerKind = (typeof TimerKind)[keyof typeof TimerKind];

const KIND_SHIFT = 30;
const TICK_MASK = 2 ** KIND_SHIFT - 1;

export class Timers {
  readonly #states: Uint8Array;
  readonly #words: Uint32Array;
  /** Ticks. */
  readonly #keepaliveTimeouts: Uint16Array;

  constructor(slots: number) {
    this.#states = new Uint8Array(slots);
    this.#words = new Uint32Array(slots);
    this.#keepaliveTimeouts = new Uint16Array(slots);
  }

  state(slot: number): State {
    return this.#states[slot] as State;
  }

  setState(slot: number, state: State): void {
    this.#states[slot] = state;
  }

  kind(slot: number): TimerKind {
    return (this.#words[slot]! >>> KIND_SHIFT) as TimerKind;
  }

  /** No timer runs. */
  isAtRest(slot: number): boolean {
    const kind = this.#words[slot]! >>> KIND_SHIFT;
    return kind === TimerKind.None || kind === TimerKind.Fresh;
  }

  /** When the timer was started, ticks. */
  since(slot: number): number {
    return this.#words[slot]! & TICK_MASK;
  }

  start(slot: number, kind: TimerKind, tick: number): void {
    this.#words[slot] = (kind << KIND_SHIFT) | (tick & TICK_MASK);
  }

  stop(slot: number): void {
    this.#words[slot] = 0;
  }

  keepaliveTimeout(slot: number): number {
    return this.#keepaliveTimeouts[slot]!;
  }

  setKeepaliveTimeout(slot: number, ticks: number): void {
    this.#keepaliveTimeouts[slot] = Math.min(ticks, 0xffff);
  }
}
