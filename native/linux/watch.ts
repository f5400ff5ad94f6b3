/** Readiness of a file descriptor on the event loop. */
import koffi from 'koffi';
import { Descriptor } from './descriptor.ts';
import { check, libc } from './libc.ts';

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;

/** koffi closes a poll handle that is garbage collected: those in use are kept here. */
const active = new Set<ReturnType<typeof koffi.node.poll>>();

/**
 * Calls `onReadable` whenever `fd` is readable or has an error to report, again and again until it has been read
 * empty (level-triggered), and keeps the process alive until the returned function stops it. Stop before closing
 * `fd`. What `onReadable` throws is an uncaught exception, as from any Node callback. Throws SyscallError.
 */
export function watch(fd: number, onReadable: () => void): () => void {
  // libuv gives up a descriptor that reports an error, as a netlink socket does after an overrun. Behind an epoll
  // descriptor of its own, an error is just one more reason to read; and `fd` keeps its blocking mode.
  const epoll = new Descriptor(check('epoll_create1', libc.epollCreate(EPOLL_CLOEXEC)), `watch of ${fd}`);
  let pending: NodeJS.Immediate | undefined;
  try {
    // struct epoll_event, packed on x86 and padded elsewhere: only its first word matters here.
    check(
      `epoll_ctl(add ${fd})`,
      libc.epollControl(epoll.fd, EPOLL_CTL_ADD, fd, Uint32Array.of(EPOLLIN, 0, 0, 0)),
    );
  } catch (error) {
    epoll.close();
    throw error;
  }
  // koffi calls back outside of any Node callback scope: exceptions would be lost there and promises would wait.
  // An immediate runs in this same turn of the loop, right after the poll phase.
  const handle = koffi.node.poll(epoll.fd, () => {
    pending ??= setImmediate(() => {
      pending = undefined;
      onReadable();
    });
  });
  active.add(handle);
  return () => {
    if (epoll.closed) return;
    if (pending !== undefined) clearImmediate(pending);
    active.delete(handle);
    handle.close();
    epoll.close();
  };
}
