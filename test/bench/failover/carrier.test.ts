import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../errors.ts';
import { measureCarrierLoss } from './carrier.ts';
import { parseFailover } from './command.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

test('each round cuts the provider in use, and packets come by the other', { skip }, async () => {
  const { contexts, gap, before } = await measureCarrierLoss(10, 2);
  assert.equal(contexts, 10);
  assert.ok(gap.lowest > 0 && gap.lowest <= gap.median && gap.median <= gap.highest);
  assert.ok(before > 0);
});

test('rows are chosen by their names; the lab adds two', () => {
  const rows = (...words: string[]) => [...parseFailover(words).rows];
  assert.deepEqual(rows(), ['carrier', 'reap', 'crowd']);
  assert.deepEqual(rows('--rows', 'bfd,carrier'), ['bfd', 'carrier']);
  assert.deepEqual(rows('--rows', 'reap', '--lab'), ['reap', 'bfd', 'silent']);
  assert.throws(() => parseFailover(['--rows', 'all']), UsageError);
});
