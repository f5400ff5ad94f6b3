/**
 * The records of a BPF ring buffer, read from its shared memory (kernel/bpf/ringbuf.c). The producer appends
 * records of an 8-byte header and data, padded to 8 bytes; the positions only grow and are used modulo the size.
 * The data area is mapped twice in a row, so that a record that wraps around is contiguous.
 */

/** Reserved and not yet committed: reading stops here, for records are consumed in order. */
const BUSY = 0x8000_0000;
/** Given up by the program: skipped. */
const DISCARDED = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
const HEADER_LENGTH = 8;

/** How often, in records, consumed space is given back to the producers. */
const RELEASE_INTERVAL = 64;

export interface RingMemory {
  /** One word: where the consumer is. Written here, read by the kernel. */
  readonly consumer: BigUint64Array;
  /** One word: where the producers are. */
  readonly producer: BigUint64Array;
  /** The data area, twice. Read-only memory: must not be written. */
  readonly data: Uint8Array;
}

export class RingRecords {
  readonly #memory: RingMemory;
  readonly #headers: Int32Array;
  readonly #mask: number;
  /** Bytes consumed since the ring was made: 2^53 of them take 28 years at 10 MB/ms. */
  #position: number;

  constructor(memory: RingMemory) {
    this.#memory = memory;
    const { buffer, byteOffset, length } = memory.data;
    this.#headers = new Int32Array(buffer, byteOffset, length / 4);
    this.#mask = length / 2 - 1;
    this.#position = Number(Atomics.load(memory.consumer, 0));
  }

  /**
   * Calls `visit` with offset and length of each record in `data`, in order, until it returns false, `limit` records
   * were visited, or all that the producers had committed at the time of the call are consumed. A record counts as
   * consumed even if `visit` throws. Returns the number of records visited.
   */
  consume(limit: number, visit: (offset: number, length: number) => boolean): number {
    const { consumer, producer } = this.#memory;
    const end = Number(Atomics.load(producer, 0));
    let count = 0;
    let released = this.#position;
    try {
      for (let more = true; more && count < limit && this.#position < end; ) {
        const offset = this.#position & this.#mask;
        const header = Atomics.load(this.#headers, offset >> 2);
        if (header & BUSY) break;
        const length = header & LENGTH_MASK;
        this.#position += (HEADER_LENGTH + length + 7) & ~7;
        if (header & DISCARDED) continue;
        count++;
        more = visit(offset + HEADER_LENGTH, length);
        if (more && count % RELEASE_INTERVAL === 0) {
          Atomics.store(consumer, 0, BigInt(this.#position));
          released = this.#position;
        }
      }
    } finally {
      // Detached by a close() from within `visit`: there is nobody left to tell.
      if (released !== this.#position && consumer.length > 0)
        Atomics.store(consumer, 0, BigInt(this.#position));
    }
    return count;
  }
}
