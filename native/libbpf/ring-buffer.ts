/** A BPF ring buffer, consumed in place: no system call per record. */
import { Descriptor } from '../linux/descriptor.ts';
import { ClosedHandleError, ERRNO } from '../linux/errors.ts';
import { MemoryMapping, PAGE_SIZE } from '../linux/memory-mapping.ts';
import { watch } from '../linux/watch.ts';
import { BpfError } from './errors.ts';
import type { BpfMap } from './map.ts';
import { RingRecords } from './ring-records.ts';

/** Milliseconds per turn of the event loop: timers and sockets get their turn even under a flood. */
const TURN = 4;

export class RingBuffer {
  readonly #name: string;
  readonly #descriptor: Descriptor;
  readonly #consumerPage: MemoryMapping;
  readonly #producerPages: MemoryMapping;
  readonly #data: Uint8Array;
  readonly #records: RingRecords;
  readonly #onRecord: (record: Uint8Array) => void;
  #scratch = new Uint8Array(2048);
  #stop: (() => void) | undefined;
  #consuming = false;

  private constructor(
    map: BpfMap,
    descriptor: Descriptor,
    consumerPage: MemoryMapping,
    producerPages: MemoryMapping,
    onRecord: (record: Uint8Array) => void,
  ) {
    this.#name = map.name;
    this.#descriptor = descriptor;
    this.#consumerPage = consumerPage;
    this.#producerPages = producerPages;
    this.#data = new Uint8Array(producerPages.buffer, PAGE_SIZE, 2 * map.maxEntries);
    this.#records = new RingRecords({
      consumer: new BigUint64Array(consumerPage.buffer, 0, 1),
      producer: new BigUint64Array(producerPages.buffer, 0, 1),
      data: this.#data,
    });
    this.#onRecord = onRecord;
  }

  /**
   * Maps the ring. `onRecord` gets each committed record once, in order, as a scratch copy that the next record
   * overwrites: copy what must stay. A ring has one consumer. Throws BpfError, SyscallError.
   */
  static open(map: BpfMap, onRecord: (record: Uint8Array) => void): RingBuffer {
    const operation = `mmap(${map.name})`;
    if (map.type !== 'ringbuf')
      throw new BpfError(operation, ERRNO.EINVAL, { detail: `the map's type is ${map.type}` });
    const opened: { close(): void }[] = [];
    const keep = <Handle extends { close(): void }>(handle: Handle): Handle => {
      opened.push(handle);
      return handle;
    };
    try {
      const { fd } = map;
      const descriptor = keep(Descriptor.duplicateOf(fd, `RingBuffer ${map.name}`));
      const consumerPage = keep(MemoryMapping.map(operation, fd, { length: PAGE_SIZE, writable: true }));
      const producerPages = keep(
        MemoryMapping.map(operation, fd, {
          offset: PAGE_SIZE,
          length: PAGE_SIZE + 2 * map.maxEntries,
          writable: false,
        }),
      );
      return new RingBuffer(map, descriptor, consumerPage, producerPages, onRecord);
    } catch (error) {
      for (const handle of opened) handle.close();
      throw error;
    }
  }

  /**
   * Hands out what is committed now, at most `limit` records, before it returns their number. A record whose
   * handler throws is consumed. Called from within `onRecord` it does nothing.
   */
  consume(limit = Number.POSITIVE_INFINITY): number {
    return this.#consume(limit, Number.POSITIVE_INFINITY);
  }

  /** `until`: on performance.now()'s clock; no record is begun after it but the first. */
  #consume(limit: number, until: number): number {
    if (this.#descriptor.closed) throw new ClosedHandleError(`RingBuffer ${this.#name}`);
    if (this.#consuming) return 0;
    this.#consuming = true;
    try {
      return this.#records.consume(limit, (offset, length) => {
        if (length > this.#scratch.length) this.#scratch = new Uint8Array(2 * length);
        const record = this.#scratch.subarray(0, length);
        record.set(this.#data.subarray(offset, offset + length));
        this.#onRecord(record);
        return !this.#descriptor.closed && performance.now() < until;
      });
    } finally {
      this.#consuming = false;
    }
  }

  /** Consumes from the event loop as records come, until close(). Idempotent. */
  start(): void {
    this.#stop ??= watch(this.#descriptor.fd, () =>
      this.#consume(Number.POSITIVE_INFINITY, performance.now() + TURN),
    );
  }

  /** Stops and unmaps. Allowed within `onRecord`. Idempotent. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#descriptor.close();
    this.#consumerPage.close();
    this.#producerPages.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
