import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runInVm, type VmRun } from './vm.ts';

/** Why machines cannot be booted here, or false: the `skip` of every test that boots one. */
export const cannotBoot: string | false = (() => {
  if (process.env['PSHIM6_VM'] !== undefined) return 'already inside a machine';
  const missing = spawnSync('qemu-system-x86_64', ['--version']).error !== undefined;
  return missing && 'qemu-system-x86_64 is not installed';
})();

/** What a command in the guest gave. */
export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Boot 5.10, run a command (none: the data-path check) and collect what it writes. */
export async function collect(command: readonly string[], options: Partial<VmRun> = {}): Promise<Outcome> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = Promise.all([text(stdout), text(stderr)]);
  const notice = (line: string) => process.stderr.write(`vm: ${line}\n`);
  try {
    const run = {
      version: '5.10',
      command,
      memory: 2048,
      timeLimit: 900,
      stdout,
      stderr,
      notice,
      ...options,
    };
    const status = await runInVm(run);
    stdout.end();
    stderr.end();
    const [out, err] = await output;
    return { status, stdout: out, stderr: err };
  } finally {
    stdout.end();
    stderr.end();
  }
}
