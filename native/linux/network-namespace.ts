/** Work inside another network namespace, on this thread. */
import { closeSync, openSync } from 'node:fs';
import { Descriptor } from './descriptor.ts';
import { ERRNO, SyscallError } from './errors.ts';
import { check, libc } from './libc.ts';

const CLONE_NEWNET = 0x4000_0000;
/** Where iproute2 names namespaces. */
const NAMED = '/run/netns';
const OWN = '/proc/thread-self/ns/net';

export class NetworkNamespace {
  readonly name: string;
  readonly #descriptor: Descriptor;

  private constructor(name: string, fd: number) {
    this.name = name;
    this.#descriptor = new Descriptor(fd, `NetworkNamespace ${name}`);
  }

  /** Opens a namespace by its `ip netns` name, or by path when `name` contains a slash. Throws SyscallError. */
  static open(name: string): NetworkNamespace {
    return new NetworkNamespace(name, openNamespace(name.includes('/') ? name : `${NAMED}/${name}`));
  }

  /**
   * Runs `work` inside the namespace and returns its result. Sockets and links opened meanwhile stay there; child
   * processes started meanwhile live there. The thread's own namespace is restored, also when `work` throws.
   * Asynchronous work would continue outside: a promise is refused with EINVAL.
   */
  run<Result>(work: () => Result): Result {
    const operation = `setns(${this.name})`;
    const target = this.#descriptor.fd;
    const own = openNamespace(OWN);
    try {
      check(operation, libc.setns(target, CLONE_NEWNET));
      try {
        const result = work();
        if (result instanceof Promise)
          throw new SyscallError(
            operation,
            ERRNO.EINVAL,
            'the work must be synchronous, it returned a promise',
          );
        return result;
      } finally {
        check(`setns(back from ${this.name})`, libc.setns(own, CLONE_NEWNET));
      }
    } finally {
      closeSync(own);
    }
  }

  /** Lets go of the namespace; it lives on while named or used. Idempotent. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    throw new SyscallError(`open(${path})`, Math.abs(errno ?? ERRNO.EINVAL));
  }
}
