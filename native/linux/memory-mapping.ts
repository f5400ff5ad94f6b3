/** Mapped memory as an ArrayBuffer: a file or BPF map, shared, or memory of nobody else. */
import { check, libc, pageSize, viewMemory } from './libc.ts';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;

export const PAGE_SIZE = pageSize();

export class MemoryMapping {
  /** Where it lies, for the kernel. */
  readonly address: number;
  readonly #length: number;
  #buffer: ArrayBuffer | undefined;

  private constructor(address: number, length: number) {
    this.address = address;
    this.#length = length;
    this.#buffer = viewMemory(address, length);
  }

  /**
   * Maps `length` bytes of `fd` from `offset` (both multiples of the page size). A write through a mapping that
   * is not `writable` ends the process: hand out copies only. Throws SyscallError.
   */
  static map(
    operation: string,
    fd: number,
    { length, offset = 0, writable }: { length: number; offset?: number; writable: boolean },
  ): MemoryMapping {
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = check(operation, libc.mmap(null, length, protection, MAP_SHARED, fd, offset));
    return new MemoryMapping(address, length);
  }

  /** `length` bytes of zeros. Throws SyscallError. */
  static anonymous(length: number): MemoryMapping {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS;
    const address = check('mmap', libc.mmap(null, length, PROT_READ | PROT_WRITE, flags, -1, 0));
    return new MemoryMapping(address, length);
  }

  /** The mapped bytes; an empty, detached buffer after close(). */
  get buffer(): ArrayBuffer {
    return this.#buffer ?? new ArrayBuffer(0);
  }

  /**
   * Unmaps. The buffer is detached first: every typed array on it has length 0 from then on, so that a view kept
   * by mistake reads `undefined` and writes nothing, instead of touching memory that is gone. Idempotent.
   */
  close(): void {
    if (this.#buffer === undefined) return;
    this.#buffer.transfer();
    this.#buffer = undefined;
    libc.munmap(this.address, this.#length);
  }
}
