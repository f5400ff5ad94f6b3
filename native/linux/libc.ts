/**
 * The C library calls that the rest of this directory needs. Every function returns what C returns; `check`
 * turns -1 into a SyscallError. Typed arrays are passed by address and must not be retained by the callee.
 */
import koffi from 'koffi';
import { ERRNO, SyscallError } from './errors.ts';

const library = koffi.load('libc.so.6');

type Memory = ArrayBufferView;

export const libc = {
  close: library.func('int close(int fd)') as (fd: number) => number,
  fcntl: library.func('fcntl', 'int', ['int', 'int', 'int']) as (
    fd: number,
    command: number,
    argument: number,
  ) => number,
  mmap: library.func('mmap', 'int64_t', ['void *', 'size_t', 'int', 'int', 'int', 'int64_t']) as (
    address: null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => number,
  munmap: library.func('munmap', 'int', ['int64_t', 'size_t']) as (address: number, length: number) => number,
  mount: library.func('mount', 'int', ['str', 'str', 'str', 'uint64_t', 'str']) as (
    source: string,
    target: string,
    type: string,
    flags: number,
    data: string,
  ) => number,
  setns: library.func('int setns(int fd, int kind)') as (fd: number, kind: number) => number,
  schedGetAffinity: library.func('sched_getaffinity', 'int', ['int', 'size_t', 'void *']) as (
    thread: number,
    length: number,
    mask: Memory,
  ) => number,
  schedSetAffinity: library.func('sched_setaffinity', 'int', ['int', 'size_t', 'void *']) as (
    thread: number,
    length: number,
    mask: Memory,
  ) => number,
  systemCall: library.func('syscall', 'long', ['long', 'int', 'void *', 'unsigned int', 'unsigned int']) as (
    number: number,
    thread: number,
    memory: Memory,
    third: number,
    fourth: number,
  ) => number,
  socket: library.func('int socket(int family, int type, int protocol)') as (
    family: number,
    type: number,
    protocol: number,
  ) => number,
  bind: library.func('bind', 'int', ['int', 'void *', 'uint32_t']) as (
    fd: number,
    address: Memory,
    length: number,
  ) => number,
  connect: library.func('connect', 'int', ['int', 'void *', 'uint32_t']) as (
    fd: number,
    address: Memory,
    length: number,
  ) => number,
  getsockname: library.func('getsockname', 'int', ['int', 'void *', 'void *']) as (
    fd: number,
    address: Memory,
    length: Memory,
  ) => number,
  ifNameToIndex: library.func('uint32_t if_nametoindex(str name)') as (name: string) => number,
  setsockopt: library.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t']) as (
    fd: number,
    level: number,
    option: number,
    value: Memory,
    length: number,
  ) => number,
  send: library.func('send', 'int64_t', ['int', 'void *', 'size_t', 'int']) as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
  ) => number,
  recv: library.func('recv', 'int64_t', ['int', 'void *', 'size_t', 'int']) as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
  ) => number,
  /** `messages`: address of so many struct mmsghdr. */
  recvmmsg: library.func('recvmmsg', 'int', ['int', 'int64_t', 'uint32_t', 'int', 'void *']) as (
    fd: number,
    messages: number,
    count: number,
    flags: number,
    timeout: null,
  ) => number,
  sendmmsg: library.func('sendmmsg', 'int', ['int', 'int64_t', 'uint32_t', 'int']) as (
    fd: number,
    messages: number,
    count: number,
    flags: number,
  ) => number,
  epollCreate: library.func('epoll_create1', 'int', ['int']) as (flags: number) => number,
  epollControl: library.func('epoll_ctl', 'int', ['int', 'int', 'int', 'void *']) as (
    epoll: number,
    command: number,
    fd: number,
    event: Memory,
  ) => number,
  epollWait: library.func('epoll_wait', 'int', ['int', 'void *', 'int', 'int']) as (
    epoll: number,
    events: Memory,
    count: number,
    milliseconds: number,
  ) => number,
};

const SC_PAGESIZE = 30;
const sysconf = library.func('sysconf', 'int64_t', ['int']) as (name: number) => number;

/** Bytes of a memory page: 4096 on x86, up to 65536 elsewhere. */
export const pageSize = (): number => sysconf(SC_PAGESIZE);

/** errno of the call just made: read it before anything else runs. */
export const lastErrno = (): number => koffi.errno();

/** Returns `result`, or throws the SyscallError of the call just made when it is negative. */
export function check(operation: string, result: number): number {
  if (result < 0) throw new SyscallError(operation, lastErrno());
  return result;
}

/** Repeats a call that a signal interrupted. Returns its result, negative for another error. */
export function uninterrupted(call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0 || lastErrno() !== ERRNO.EINTR) return result;
  }
}

/** Bytes of unmanaged memory, not copied. The caller answers for their lifetime. */
export const viewMemory = (address: number, length: number): ArrayBuffer =>
  koffi.view(BigInt(address), length);
