/** Everything that must pass: formatting, types, then every test. usage: node test/run.ts [FILE…] */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const tool = (name: string) => join(root, 'node_modules/.bin', name);

/** Whether the step succeeded. */
function step(title: string, command: string, words: readonly string[]): boolean {
  console.log(`\n== ${title}`);
  const succeeded = spawnSync(command, words, { cwd: root, stdio: 'inherit' }).status === 0;
  if (!succeeded) console.error(`${title}: failed`);
  return succeeded;
}

const test = (title: string, files: readonly string[], concurrency: number): boolean =>
  files.length === 0 ||
  step(title, process.execPath, [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    ...files,
  ]);

/** Those that raise the lab, or a machine, or measure: one file at a time, with the processors to itself. */
const ALONE = /^test\/(lab|vm|bench)\//;

const named = process.argv.slice(2);
const files = named.length > 0 ? named : globSync('test/**/*.test.ts', { cwd: root }).sort();
const together = named.length > 0 ? [] : files.filter((file) => !ALONE.test(file));
const alone = files.filter((file) => !together.includes(file));

const checked =
  named.length > 0 ||
  (step('Biome', tool('biome'), ['check', '--error-on-warnings', '.']) &&
    step('clang-format', 'make', ['-s', '-C', 'bpf', 'format-check']) &&
    step('types', tool('tsc'), ['--noEmit']));
if (!checked) process.exit(1);
const results = [test('tests', together, 2), test('tests that need the machine to themselves', alone, 1)];
process.exit(results.every(Boolean) ? 0 : 1);
