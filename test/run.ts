/** Everything that must pass: formatting, types, then every test. usage: node test/run.ts [FILE…] */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const tool = (name: string) => join(root, 'node_modules/.bin', name);

function step(title: string, command: string, words: readonly string[]): void {
  console.log(`\n== ${title}`);
  const run = spawnSync(command, words, { cwd: root, stdio: 'inherit' });
  if (run.status !== 0) {
    console.error(`${title}: failed`);
    process.exit(1);
  }
}

const named = process.argv.slice(2);
if (named.length === 0) {
  step('Biome', tool('biome'), ['check', '--error-on-warnings', '.']);
  step('clang-format', 'make', ['-s', '-C', 'bpf', 'format-check']);
  step('types', tool('tsc'), ['--noEmit']);
}
// One file at a time: they raise namespaces and measure time on few cores.
const files = named.length > 0 ? named : globSync('test/**/*.test.ts', { cwd: root }).sort();
step('tests', process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files]);
