/** Measuring latencies where other work runs, too, and where who asks and who answers share a processor. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { setTimeSlice } from '../../native/linux/index.ts';

/** Where a session is weighed against others, on kernels with CONFIG_SCHED_AUTOGROUP. */
const AUTOGROUP = '/proc/self/autogroup';
const HIGHEST = -20;
/** Milliseconds. With the kernel's own, 1.4 on two processors, those who share a processor speak in bursts as long. */
const TURN = 0.1;

/**
 * This process, and those that it starts from now on, come before other work on the machine and take short turns among
 * each other, until the returned function is called. Does nothing without root.
 */
export function beforeOtherWork(): () => void {
  if (process.getuid?.() !== 0) return () => {};
  const own = getPriority();
  const session = sessionPriority();
  setPriority(HIGHEST);
  setTimeSlice(TURN);
  if (session !== undefined) writeFileSync(AUTOGROUP, String(HIGHEST));
  return () => {
    if (session !== undefined) writeFileSync(AUTOGROUP, session);
    setPriority(own);
    setTimeSlice(0);
  };
}

function sessionPriority(): string | undefined {
  if (!existsSync(AUTOGROUP)) return undefined;
  return /nice (-?\d+)/.exec(readFileSync(AUTOGROUP, 'utf8'))?.[1];
}
