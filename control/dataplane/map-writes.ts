/**
 * Entries on their way into a hash map of the kernel: those of one turn of the event loop are stored by one system call,
 * which costs a quarter of one for each.
 */
import { BpfError, type BpfMap } from '../../native/libbpf/index.ts';

/** Entries of a system call. */
const MOST = 512;

export class MapWrites {
  /** Entries for which there was no room. */
  refused = 0;
  readonly #map: BpfMap;
  readonly #defer: (flush: () => void) => void;
  readonly #keys: Uint8Array;
  readonly #values: Uint8Array;
  #count = 0;
  #closed = false;

  /** `defer`: calls back before anybody relies on the entries. */
  constructor(map: BpfMap, defer: (flush: () => void) => void) {
    this.#map = map;
    this.#defer = defer;
    this.#keys = new Uint8Array(MOST * map.keySize);
    this.#values = new Uint8Array(MOST * map.valueSize);
  }

  /** Both are copied. */
  set(key: Uint8Array, value: Uint8Array): void {
    if (this.#closed) return;
    const index = this.#count++;
    this.#keys.set(key, index * this.#map.keySize);
    this.#values.set(value, index * this.#map.valueSize);
    if (this.#count === MOST) this.flush();
    else if (index === 0) this.#defer(() => this.flush());
  }

  /** After all that was set. */
  delete(key: Uint8Array): void {
    this.flush();
    if (!this.#closed) this.#map.delete(key);
  }

  /** Stores what is to be stored. Leases that are recorded while the box ends come later, when there is no map any more. */
  close(): void {
    this.flush();
    this.#closed = true;
  }

  /** Stores now what is to be stored. */
  flush(): void {
    const count = this.#count;
    this.#count = 0;
    if (count === 0) return;
    try {
      this.#map.setBatch(this.#keys, this.#values, count);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      // A kernel before 5.6, or a map that is full: one after another tells which found room.
      for (let index = 0; index < count; index++) this.#store(index);
    }
  }

  #store(index: number): void {
    const { keySize, valueSize } = this.#map;
    try {
      this.#map.set(
        this.#keys.subarray(index * keySize, (index + 1) * keySize),
        this.#values.subarray(index * valueSize, (index + 1) * valueSize),
      );
    } catch (error) {
      if (!(error instanceof BpfError) || error.code !== 'E2BIG') throw error;
      this.refused++;
    }
  }
}
