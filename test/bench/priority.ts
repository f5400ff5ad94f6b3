/** Measuring latencies where other work runs, too. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Where a session is weighed against others, on kernels with CONFIG_SCHED_AUTOGROUP. */
const AUTOGROUP = '/proc/self/autogroup';
const HIGHEST = -20;

/**
 * This process, and those that it starts from now on, come before other work on the machine, until the returned function
 * is called. Does nothing without root.
 */
export function beforeOtherWork(): () => void {
  if (process.getuid?.() !== 0) return () => {};
  const own = getPriority();
  const session = sessionPriority();
  setPriority(HIGHEST);
  if (session !== undefined) writeFileSync(AUTOGROUP, String(HIGHEST));
  return () => {
    if (session !== undefined) writeFileSync(AUTOGROUP, session);
    setPriority(own);
  };
}

function sessionPriority(): string | undefined {
  if (!existsSync(AUTOGROUP)) return undefined;
  return /nice (-?\d+)/.exec(readFileSync(AUTOGROUP, 'utf8'))?.[1];
}
