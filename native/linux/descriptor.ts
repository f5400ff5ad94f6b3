/** A file descriptor with one owner: after close() its number is never used again. */
import { ClosedHandleError } from './errors.ts';
import { check, libc } from './libc.ts';

const F_DUPFD_CLOEXEC = 1030;

export class Descriptor {
  readonly label: string;
  readonly #owned: boolean;
  #fd: number;

  /** `label` names the handle in errors. A descriptor that is not `owned` is closed by somebody else. */
  constructor(fd: number, label: string, owned = true) {
    this.#fd = fd;
    this.label = label;
    this.#owned = owned;
  }

  /** An independent descriptor of the open file behind `fd`. Throws SyscallError. */
  static duplicateOf(fd: number, label: string): Descriptor {
    return new Descriptor(check(`dup(${label})`, libc.fcntl(fd, F_DUPFD_CLOEXEC, 0)), label);
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** The number to pass to the kernel. Throws ClosedHandleError after close(). */
  get fd(): number {
    if (this.#fd < 0) throw new ClosedHandleError(this.label);
    return this.#fd;
  }

  /** Idempotent. */
  close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd >= 0 && this.#owned) libc.close(fd);
  }
}
