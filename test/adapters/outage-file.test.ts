import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OutageFile } from '../../control/adapters/outage-file.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pshim6-outages-'));
});
after(() => rmSync(folder, { recursive: true }));

const outage = (number: number) => ({
  number,
  what: 'uplink' as const,
  subject: 'x1',
  because: 'carrier: no carrier',
  began: '2026-01-01T00:00:00.000Z',
  ended: '2026-01-01T00:00:01.000Z',
  contexts: 3,
  phases: [],
});

function open(name: string, kept = 4) {
  const failures: string[] = [];
  const path = join(folder, name);
  const file = new OutageFile({ path, kept, onFailure: ({ message }) => failures.push(message) });
  return { file, path, failures };
}

test('outages are there after a restart, and numbers go on', () => {
  const first = open('state/outages');
  assert.equal(first.file.next, 1);
  for (const number of [1, 2]) first.file.add(outage(number));
  const second = open('state/outages');
  assert.deepEqual(second.file.outages, [outage(1), outage(2)]);
  assert.equal(second.file.next, 3);
  assert.equal(statSync(second.path).mode & 0o007, 0);
});

test('the file does not grow without bound', () => {
  const { file, path } = open('bounded');
  for (let number = 1; number <= 100; number++) file.add(outage(number));
  assert.ok(readFileSync(path, 'utf8').trim().split('\n').length <= 8);
  assert.equal(open('bounded').file.outages.at(-1)!.number, 100);
});

test('a line that a power cut left half written is passed over', () => {
  const { file, path } = open('torn');
  file.add(outage(1));
  appendFileSync(path, '{"number":2,"what":"upl');
  assert.deepEqual(open('torn').file.outages, [outage(1)]);
});

test('where nothing can be written, that is said and the outages of this run stay', () => {
  writeFileSync(join(folder, 'blocked'), '');
  const { file, failures } = open('blocked/outages');
  file.add(outage(1));
  assert.deepEqual(file.outages, [outage(1)]);
  assert.ok(failures.length >= 1 && /ENOTDIR|EEXIST/.test(failures.at(-1)!), failures.join());
});
