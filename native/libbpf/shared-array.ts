/** An mmapable BPF array as memory shared between the programs and this process. */
import { ClosedHandleError, ERRNO } from '../linux/errors.ts';
import { MemoryMapping, PAGE_SIZE } from '../linux/memory-mapping.ts';
import { BpfError } from './errors.ts';
import type { BpfMap } from './map.ts';

export class SharedArray {
  /** Bytes from one element to the next: the value size rounded up to 8. */
  readonly stride: number;
  readonly #mapping: MemoryMapping;
  readonly #name: string;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  #closed = false;

  private constructor(map: BpfMap, stride: number, mapping: MemoryMapping) {
    this.#name = map.name;
    this.stride = stride;
    this.#mapping = mapping;
    const length = stride * map.maxEntries;
    this.#bytes = new Uint8Array(mapping.buffer, 0, length);
    this.#words = new Uint32Array(mapping.buffer, 0, length / 4);
  }

  /**
   * Maps the whole array, readable and writable. It stays mapped, and the kernel keeps the map, until close().
   * Throws BpfError EINVAL for another type, SyscallError when the map lacks BPF_F_MMAPABLE.
   */
  static map(map: BpfMap): SharedArray {
    if (map.type !== 'array')
      throw new BpfError(`mmap(${map.name})`, ERRNO.EINVAL, { detail: `the map's type is ${map.type}` });
    const stride = (map.valueSize + 7) & ~7;
    const length = Math.ceil((stride * map.maxEntries) / PAGE_SIZE) * PAGE_SIZE;
    const mapping = MemoryMapping.map(`mmap(${map.name})`, map.fd, { length, writable: true });
    return new SharedArray(map, stride, mapping);
  }

  /** All elements, `stride` bytes each. Throws ClosedHandleError after close(). */
  get bytes(): Uint8Array {
    this.#requireOpen();
    return this.#bytes;
  }

  /** The same memory in 32-bit words of host order: publish an element by one Atomics.store. */
  get words(): Uint32Array {
    this.#requireOpen();
    return this.#words;
  }

  /** Unmaps. Views kept by the caller become empty, they never touch the memory again. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#mapping.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedHandleError(`SharedArray ${this.#name}`);
  }
}
