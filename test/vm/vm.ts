import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { buildInitramfs } from './initramfs.ts';
import { obtainKernel } from './kernels.ts';
import { compileLoader } from './loader.ts';
import { runMachine } from './machine.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');

export interface VmRun {
  /** kernel version, a key of RELEASES */
  version: string;
  /** empty: load both programs and run the data-path tests */
  command: readonly string[];
  /** mebibytes */
  memory: number;
  /** seconds */
  timeLimit: number;
  stdout: Writable;
  stderr: Writable;
  notice: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Run a command under another kernel, in the current directory, with this process's Node first in PATH.
 * The guest sees this machine's files; what it writes is gone with it.
 * @returns the command's exit status
 * @throws VmError when the command was not run to its end
 */
export async function runInVm({ version, command, ...run }: VmRun): Promise<number> {
  const kernel = await obtainKernel(version, run.notice);
  const scratch = await mkdtemp(path.join(tmpdir(), 'pshim6-vm-'));
  try {
    const [first, ...rest] = command;
    const initramfs = await buildInitramfs(scratch, kernel, {
      words: first === undefined ? await dataPathCheck(scratch) : [first, ...rest],
      directory: first === undefined ? CHECKOUT : process.cwd(),
      environment: guestEnvironment(version),
    });
    run.notice(`booting ${kernel.release}`);
    return await runMachine({ ...run, image: kernel.image, initramfs });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The default command. */
async function dataPathCheck(scratch: string): Promise<[string, ...string[]]> {
  const loader = await compileLoader(scratch);
  return ['sh', path.join(import.meta.dirname, 'guest/data-path.sh'), loader];
}

function guestEnvironment(version: string): Record<string, string> {
  const { HOME = '/root', LANG = 'C.UTF-8', FORCE_COLOR } = process.env;
  const bin = [path.dirname(process.execPath), path.join(CHECKOUT, 'node_modules/.bin'), '/run/vm'];
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return {
    PATH: [...bin, ...system].join(':'),
    HOME,
    LANG,
    PSHIM6_VM: version, // what runs inside can tell
    ...(FORCE_COLOR === undefined ? {} : { FORCE_COLOR }),
  };
}
