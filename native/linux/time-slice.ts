/** How long a thread keeps a processor that others wait for: sched_setattr(2), which the C library has no function for. */
import { check, libc } from './libc.ts';

/** System calls' numbers. */
const CALLS = {
  x64: { set: 314, get: 315 },
  arm64: { set: 274, get: 275 },
} as const;
/** struct sched_attr as of Linux 3.14; the runtime is in nanoseconds. */
const ATTRIBUTES = { length: 48, runtime: 24 } as const;

/**
 * Milliseconds, 0.1 to 100, of the calling thread, and of what it starts from then on; 0: what the kernel thinks best.
 * Kernels before 6.12 do nothing about it. Throws SyscallError.
 */
export function setTimeSlice(milliseconds: number): void {
  const { set, get } = CALLS[process.arch as keyof typeof CALLS];
  const attributes = new DataView(new ArrayBuffer(ATTRIBUTES.length));
  check('sched_getattr', libc.systemCall(get, 0, attributes, ATTRIBUTES.length, 0));
  attributes.setBigUint64(ATTRIBUTES.runtime, BigInt(Math.round(milliseconds * 1e6)), true);
  check('sched_setattr', libc.systemCall(set, 0, attributes, 0, 0));
}
