import { parseArgs } from 'node:util';
import { VmError } from './errors.ts';
import { printKernels } from './list.ts';
import { runInVm } from './vm.ts';

const USAGE = `usage: npm run vm -- list
       npm run vm -- VERSION [--memory MEBIBYTES] [--time-limit SECONDS] [-- COMMAND [ARGUMENT...]]

Boots another kernel under emulation, on a copy-on-write view of this machine's
files, and runs COMMAND there, in the current directory. Without one: loads the
XDP programs, prints what they cost the verifier, and runs the data-path tests.
The exit status is COMMAND's; 125 when the machine did not run it.`;

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  const [version, ...command] = positionals;
  if (values.help || version === undefined) {
    process.stdout.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  if (version === 'list') {
    await printKernels();
    return 0;
  }
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupt.abort());
  return await runInVm({
    version,
    command,
    memory: positive('--memory', values.memory),
    timeLimit: positive('--time-limit', values['time-limit']),
    stdout: process.stdout,
    stderr: process.stderr,
    notice: (line) => process.stderr.write(`vm: ${line}\n`),
    signal: interrupt.signal,
  });
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        memory: { type: 'string', default: '2048' },
        'time-limit': { type: 'string', default: '900' },
      },
    });
  } catch (error) {
    throw new VmError('usage', `${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

function positive(option: string, value: string): number {
  if (/^[1-9]\d{0,6}$/.test(value)) return Number(value);
  throw new VmError('usage', `${option} takes a positive number, not '${value}'`);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof VmError)) throw error;
  process.stderr.write(`vm: ${error.message}\n`);
  process.exitCode = error.code === 'usage' || error.code === 'unknown-kernel' ? 2 : 125;
}
