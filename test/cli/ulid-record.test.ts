import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');
const record = (...words: string[]) =>
  spawnSync(process.execPath, [join(root, 'control/cli/main.ts'), 'ulid-record', ...words], {
    encoding: 'utf8',
  });

test('ulid-record writes what docs/dns.md shows', () => {
  const { stdout, status } = record('h1.bar.com', 'fc00:db8:1::1', '--pointer');
  assert.equal(status, 0);
  const document = readFileSync(join(root, 'docs/dns.md'), 'utf8');
  assert.ok(
    document.includes(`\n$ pshim6 ulid-record h1.bar.com fc00:db8:1::1 --pointer\n${stdout}`),
    stdout,
  );
});

test('ulid-record takes a TTL and a type, and names with or without the final dot', () => {
  const { stdout } = record('h1.bar.com.', 'fc00::1', '--ttl', '60', '--type', '65300');
  assert.equal(stdout, `h1.bar.com. 60 IN TYPE65300 \\# 16 fc00${'0'.repeat(27)}1\n`);
});

test('ulid-record refuses what is no name, no address, no private-use type', () => {
  for (const words of [
    ['a..b', 'fc00::1'],
    ['a.b', 'fc00::1::'],
    ['a.b', 'fc00::1', '--type', '28'],
    ['a.b', 'fc00::1', '--ttl', '-1'],
  ]) {
    assert.equal(record(...words).status, 2, words.join(' '));
  }
});
