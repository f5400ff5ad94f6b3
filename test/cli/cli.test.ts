import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { minimalConfig } from '../config/minimal.ts';

const main = join(resolve(import.meta.dirname, '../..'), 'control/cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pshim6-cli-'));
after(() => rmSync(folder, { recursive: true }));

function pshim6(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
}

test('--help and --version succeed', () => {
  assert.match(pshim6('--help').stdout, /contexts/);
  assert.match(pshim6('--version').stdout, /^\d+\.\d+\.\d+/);
  assert.equal(pshim6('--version').status, 0);
});

test('wrong arguments exit with 2 and say what is wrong', () => {
  for (const words of [
    ['frobnicate'],
    ['status', '--colour'],
    ['run'],
    ['cga', '--key', 'k'],
    ['keygen', '--out', 'f', '--bits', 'many'],
  ]) {
    const run = pshim6(...words);
    assert.equal(run.status, 2, words.join(' '));
    assert.notEqual(run.stderr, '');
  }
});

test('a daemon that is not there exits with 1', () => {
  const run = pshim6('--socket', join(folder, 'none.sock'), 'status');
  assert.equal(run.status, 1);
  assert.match(run.stderr, /^pshim6: control socket .*no daemon/);
});

test('run --check accepts a good configuration and names what is wrong in a bad one', () => {
  const file = join(folder, 'box.yaml');
  writeFileSync(file, minimalConfig);
  assert.equal(pshim6('run', '--check', '--config', file).status, 0);
  writeFileSync(file, minimalConfig.replace('key: /k', 'key: 7'));
  const run = pshim6('run', '--check', '--config', file);
  assert.equal(run.status, 1);
  assert.match(run.stderr, /site\.key: .*string.*found 7/);
});

test('keygen writes an owner-readable key and never over another; cga makes an address of the subnet', () => {
  const key = join(folder, 'site.pem');
  assert.equal(pshim6('keygen', '--out', key).status, 0);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.match(pshim6('keygen', '--out', key).stderr, /EEXIST/);
  const run = pshim6('cga', '--key', key, '--subnet', 'fc00:db8:1::/64', '--json');
  assert.equal(run.status, 0, run.stderr);
  const cga = JSON.parse(run.stdout);
  assert.match(cga.address, /^fc00:db8:1:0?:/);
  assert.match(cga.modifier, /^[0-9a-f]{32}$/);
});
