import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfObject, ClosedHandleError, SharedArray } from '../../native/libbpf/index.ts';
import { compile, frame, words } from './fixtures.ts';

const sample = compile('sample');

test('a program and this process see each other write', () => {
  using object = BpfObject.open(sample).load();
  using cells = SharedArray.map(object.map('cells'));
  assert.equal(cells.stride, 16);
  assert.equal(cells.bytes.length, 4 * 16);
  assert.equal(cells.words.length, 4 * 4);
  const index = cells.stride / 4;
  Atomics.store(cells.words, index, 41);
  assert.equal(object.program('increment').testRun({ data: frame(64) }).verdict, 41);
  assert.equal(cells.words[index + 1], 42);
  assert.equal(cells.bytes[cells.stride + 8], 1);
  cells.bytes[3 * cells.stride] = 7;
  assert.deepEqual(object.map('cells').get(words(3)), words(7, 0, 0));
});

test('the size is the one loaded with', () => {
  using object = BpfObject.open(sample, { maps: { cells: { maxEntries: 100_000 } } }).load();
  using cells = SharedArray.map(object.map('cells'));
  assert.equal(cells.bytes.length, 1_600_000);
  cells.words[99_999 * 4] = 5;
  assert.deepEqual(object.map('cells').get(words(99_999)), words(5, 0, 0));
});

test('the memory outlives the object', () => {
  const object = BpfObject.open(sample).load();
  using cells = SharedArray.map(object.map('cells'));
  object.close();
  cells.words[0] = 3;
  assert.equal(cells.words[0], 3);
});

test('after close neither the array nor a kept view touches the memory', () => {
  using object = BpfObject.open(sample).load();
  const cells = SharedArray.map(object.map('cells'));
  const kept = cells.words;
  kept[0] = 1;
  cells.close();
  cells.close();
  assert.throws(() => cells.bytes, ClosedHandleError);
  assert.throws(() => cells.words, ClosedHandleError);
  assert.equal(kept.length, 0);
  assert.equal(kept[0], undefined);
  kept[0] = 2;
  assert.throws(() => Atomics.store(kept, 0, 1), TypeError);
  assert.deepEqual(object.map('cells').get(words(0)), words(1, 0, 0));
});

test('only an mmapable array can be shared', () => {
  using object = BpfObject.open(sample).load();
  assert.throws(() => SharedArray.map(object.map('table')), { name: 'BpfError', code: 'EINVAL' });
});
