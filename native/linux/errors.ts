/** Errors of the system call layer. Consumers decide by `code` ('ENOENT', 'EAGAIN', …), never by message. */
import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';

/** Names that share their number with a more usual one. */
const SYNONYMS = new Set(['EWOULDBLOCK', 'EDEADLOCK', 'ENOTSUP']);

const CODES = new Map<number, string>([
  ...Object.entries(constants.errno)
    .filter(([name]) => !SYNONYMS.has(name))
    .map(([name, errno]) => [errno, name] as const),
  // The kernel's own, absent from node:os; the BPF subsystem lets it through.
  [524, 'ENOTSUPP'],
]);

/** Number of an errno name that this layer itself tests for or raises. */
export const ERRNO = {
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSYS: 38,
  EMSGSIZE: 90,
  EPROTO: 71,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const;

/** 'ENOENT' for 2; an unknown number yields its text, like 'E4095'. */
export const errnoCode = (errno: number): string => CODES.get(errno) ?? `E${errno}`;

/** A system or library call that failed with an errno. */
export class SyscallError extends Error {
  /** What was attempted, like `bind(AF_PACKET, 4)`. */
  readonly operation: string;
  /** Positive error number. */
  readonly errno: number;
  /** Its name, like `ENOENT`. */
  readonly code: string;
  /** What it means, in the words of whoever refused where there are any. */
  readonly detail: string;

  constructor(
    operation: string,
    errno: number,
    detail = getSystemErrorMessage(-errno),
    code = errnoCode(errno),
  ) {
    super(`${operation}: ${code}, ${detail}`);
    this.name = 'SyscallError';
    this.operation = operation;
    this.errno = errno;
    this.code = code;
    this.detail = detail;
  }
}

/** Use of a handle after its close(). Its errno is EBADF, as the kernel would say of a closed descriptor. */
export class ClosedHandleError extends SyscallError {
  constructor(handle: string) {
    super(handle, ERRNO.EBADF, 'handle is closed');
    this.name = 'ClosedHandleError';
  }
}
