/**
 * The open addressing that both context tables share with bpf/context.h: linear probing over an
 * array in shared memory. This side is the only writer of keys and of the `control` word.
 */
import { endianness } from 'node:os';
import { ControlWord, SlotState, TableLimits } from './layout.generated.ts';

if (endianness() !== 'LE') throw new TypeError('the shared tables are laid out for little-endian machines');

const ENTRY_WORDS = 32;
const ENTRY_BYTES = ENTRY_WORDS * 4;

/** A slot number; NO_SLOT where there is none. */
export const NO_SLOT = -1;

export class SlotTable {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  /** Slots - 1; the number of slots is a power of two. */
  readonly mask: number;
  /** Most entries admitted, so that the load stays at or below one half. */
  readonly capacity: number;
  #count = 0;
  readonly #shift: number;
  readonly #controlWord: number;

  /** `memory`: the whole array of 128-octet entries. `controlOffset`: of `control` in an entry, octets. */
  constructor(memory: Uint32Array, capacity: number, controlOffset: number) {
    const slots = memory.length / ENTRY_WORDS;
    if (!Number.isInteger(Math.log2(slots)) || capacity > slots / 2) {
      throw new RangeError(`${slots} slots do not serve ${capacity} contexts`);
    }
    this.words = memory;
    this.bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength);
    this.mask = slots - 1;
    this.#shift = 32 - Math.log2(slots);
    this.capacity = capacity;
    this.#controlWord = controlOffset / 4;
  }

  get count(): number {
    return this.#count;
  }

  /** Octet offset of an entry. */
  offset(slot: number): number {
    return slot * ENTRY_BYTES;
  }

  word(slot: number, offset: number): number {
    return this.words[slot * ENTRY_WORDS + offset / 4]!;
  }

  setWord(slot: number, offset: number, value: number): void {
    Atomics.store(this.words, slot * ENTRY_WORDS + offset / 4, value);
  }

  control(slot: number): number {
    return Atomics.load(this.words, slot * ENTRY_WORDS + this.#controlWord);
  }

  state(slot: number): number {
    return this.control(slot) & ControlWord.CONTROL_STATE_MASK;
  }

  /** Makes what was written before visible to the data path: one aligned store. */
  publish(slot: number, control: number): void {
    Atomics.store(this.words, slot * ENTRY_WORDS + this.#controlWord, control);
  }

  /** A hash of 32 bits, shifted right by so many, is the first slot of its probe sequence. */
  get shift(): number {
    return this.#shift;
  }

  /** The first slot of the probe sequence that `isWanted`, or NO_SLOT. */
  find(hash: number, isWanted: (slot: number) => boolean): number {
    for (let step = 0; step < TableLimits.PROBE_LIMIT; step++) {
      const slot = ((hash >>> this.#shift) + step) & this.mask;
      const state = this.state(slot);
      if (state === SlotState.SLOT_EMPTY) return NO_SLOT;
      if (state !== SlotState.SLOT_TOMBSTONE && isWanted(slot)) return slot;
    }
    return NO_SLOT;
  }

  /** A zeroed, unpublished slot for a new key, or NO_SLOT when the table is full. */
  claim(hash: number): number {
    if (this.#count >= this.capacity) return NO_SLOT;
    for (let step = 0; step < TableLimits.PROBE_LIMIT; step++) {
      const slot = ((hash >>> this.#shift) + step) & this.mask;
      const state = this.state(slot);
      if (state !== SlotState.SLOT_EMPTY && state !== SlotState.SLOT_TOMBSTONE) continue;
      const control = this.control(slot);
      this.words.fill(0, slot * ENTRY_WORDS, (slot + 1) * ENTRY_WORDS);
      // Until it is published a reused slot must not end other keys' probe sequences.
      this.publish(slot, control);
      this.#count++;
      return slot;
    }
    return NO_SLOT;
  }

  /** Takes an entry out. Tombstones that end in an empty slot are swept away with it. */
  release(slot: number): void {
    this.#count--;
    this.publish(slot, SlotState.SLOT_TOMBSTONE);
    if (this.state((slot + 1) & this.mask) !== SlotState.SLOT_EMPTY) return;
    for (let last = slot; this.state(last) === SlotState.SLOT_TOMBSTONE; last = (last - 1) & this.mask) {
      this.publish(last, SlotState.SLOT_EMPTY);
    }
  }

  /** A 64-bit counter of the data path. Exact below 2^53. */
  counter(slot: number, offset: number): number {
    return this.word(slot, offset) + this.word(slot, offset + 4) * 0x1_0000_0000;
  }
}
