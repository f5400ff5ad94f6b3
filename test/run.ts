/** Everything that must pass: formatting, types, then every test. usage: node test/run.ts [FILE…] */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const root = resolve(import.meta.dirname, '..');
const tool = (name: string) => join(root, 'node_modules/.bin', name);

/**
 * Where Node keeps compiled code, and TypeScript without its types: some four hundred processes of the tests would make
 * it anew, which is half of what their start costs. It checks what it finds there against the sources.
 */
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/node');

/** Whether the step succeeded. `aside`: its output is shown at its end, as something else is being shown. */
async function step(title: string, words: readonly string[], aside = false): Promise<boolean> {
  const announce = () => console.log(`\n== ${title}`);
  if (!aside) announce();
  const [command, ...rest] = words as [string, ...string[]];
  const child = spawn(command, rest, { cwd: root, stdio: aside ? ['ignore', 'pipe', 'inherit'] : 'inherit' });
  const said = child.stdout === null ? undefined : text(child.stdout);
  const [status] = (await once(child, 'close').catch((error: Error) => [error.message])) as [number | string];
  if (aside) announce();
  if (said !== undefined) process.stdout.write(await said);
  if (status !== 0) console.error(`${title}: failed${typeof status === 'string' ? `: ${status}` : ''}`);
  return status === 0;
}

const test = (files: readonly string[], concurrency: number): string[] => [
  process.execPath,
  '--test',
  `--test-concurrency=${concurrency}`,
  '--test-reporter=spec',
  ...files,
];
/** Gets the time that nothing else wants. */
const IDLE = ['chrt', '--idle', '0'];

/** Those that raise the lab, or measure: one file at a time. */
const LABS = /^test\/(lab|bench)\//;
/** Those that boot machines, beside the labs, which mostly wait. How long emulation takes they do not judge. */
const MACHINES = /^test\/vm\//;

async function everything(): Promise<boolean> {
  const files = globSync('test/**/*.test.ts', { cwd: root }).sort();
  const labs = files.filter((file) => LABS.test(file));
  const machines = files.filter((file) => MACHINES.test(file));
  const others = files.filter((file) => !LABS.test(file) && !MACHINES.test(file));
  const checked =
    (await step('Biome', [tool('biome'), 'check', '--error-on-warnings', '.'])) &&
    (await step('clang-format', ['make', '-s', '-C', 'bpf', 'format-check'])) &&
    (await step('types', [tool('tsc'), '--noEmit']));
  if (!checked) return false;
  const tested = await step('tests', test(others, 2));
  const beside = step('tests under other kernels', [...IDLE, ...test(machines, 1)], true);
  const alone = await step('tests in the lab', test(labs, 1));
  return [tested, alone, await beside].every(Boolean);
}

const named = process.argv.slice(2);
const passed = named.length > 0 ? await step('tests', test(named, 1)) : await everything();
process.exitCode = passed ? 0 : 1;
