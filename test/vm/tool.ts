import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { VmError, type VmErrorCode } from './errors.ts';

/** What a failing tool means to whoever started the machine. */
export interface Blame {
  code: VmErrorCode;
  message: string;
}

/**
 * Run a program to its end and return its standard output.
 * @throws VmError 'tool-missing' when there is no such program; `blame`, with the program's last words,
 *   when it ends with anything but 0
 */
export async function tool(
  command: readonly [string, ...string[]],
  blame: Blame,
  cwd?: string,
): Promise<string> {
  const [program, ...parameters] = command;
  const child = spawn(program, parameters, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  try {
    await once(child, 'close');
  } catch (cause) {
    throw new VmError('tool-missing', `cannot run ${program}`, [String(cause)]);
  }
  const [stdout, stderr] = await output;
  if (child.exitCode === 0) return stdout;
  throw new VmError(blame.code, blame.message, `${stdout}${stderr}`.trimEnd().split('\n').slice(-15));
}
