/** Errors of libbpf and of the bpf() system call. */
import { errnoCode, SyscallError } from '../linux/errors.ts';

/** libbpf's own error numbers start here (libbpf.h, enum libbpf_errno). */
const LIBBPF_ERRNO_START = 4000;
const LIBBPF_CODES = [
  ['LIBELF', 'something wrong in libelf'],
  ['FORMAT', 'BPF object format invalid'],
  ['KVERSION', 'incorrect or no version section'],
  ['ENDIAN', 'endianness mismatch'],
  ['INTERNAL', 'internal error in libbpf'],
  ['RELOC', 'relocation failed'],
  ['LOAD', 'load program failure for an unknown reason'],
  ['VERIFY', 'kernel verifier blocks program loading'],
  ['PROG2BIG', 'program too big'],
  ['KVER', 'incorrect kernel version'],
  ['PROGTYPE', 'kernel does not support this program type'],
  ['WRNGPID', 'wrong pid in netlink message'],
  ['INVSEQ', 'invalid netlink sequence'],
  ['NLPARSE', 'netlink parsing error'],
] as const;

/** The last lines of a verifier log name the instruction that was refused and why. */
const LOG_LINES_IN_MESSAGE = 16;

/** A libbpf call that failed. For a refused program `log` is the verifier's log; the message ends with its end. */
export class BpfError extends SyscallError {
  /** What libbpf and the verifier had to say, empty when nothing. At most the last 64 KiB. */
  readonly log: string;

  constructor(
    operation: string,
    errno: number,
    { detail, log = '' }: { detail?: string; log?: string } = {},
  ) {
    const own = LIBBPF_CODES[errno - LIBBPF_ERRNO_START];
    const code = own === undefined ? errnoCode(errno) : `LIBBPF_ERRNO__${own[0]}`;
    const lines = log.trimEnd().split('\n').slice(-LOG_LINES_IN_MESSAGE).join('\n');
    const text = [detail ?? own?.[1], lines].filter((part) => part !== undefined && part !== '').join('\n');
    super(operation, errno, text === '' ? undefined : text, code);
    this.name = 'BpfError';
    this.log = log;
  }
}
