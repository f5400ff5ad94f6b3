import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { MapWrites } from '../../control/dataplane/map-writes.ts';
import { BpfObject } from '../../native/libbpf/index.ts';
import { compile, long, words } from '../native/fixtures.ts';

describe('entries on their way into a map', () => {
  const object = BpfObject.open(compile('sample'), { maps: { table: { maxEntries: 1000 } } }).load();
  after(() => object[Symbol.dispose]());
  const table = object.map('table');

  function scene() {
    for (const key of table.keys()) table.delete(key);
    const deferred: (() => void)[] = [];
    return { writes: new MapWrites(table, (flush) => deferred.push(flush)), deferred };
  }

  test('are there when what was deferred is done, which is asked for once', () => {
    const { writes, deferred } = scene();
    for (const key of [1, 2, 3]) writes.set(words(key), long(BigInt(key)));
    assert.deepEqual([deferred.length, table.keys().length], [1, 0]);
    deferred[0]!();
    assert.deepEqual([table.keys().length, table.get(words(2))], [3, long(2n)]);
  });

  test('the later of two for one key stays; a deletion comes after what was set before', () => {
    const { writes, deferred } = scene();
    writes.set(words(1), long(1n));
    writes.set(words(1), long(2n));
    writes.set(words(7), long(7n));
    writes.delete(words(7));
    writes.set(words(8), long(8n));
    for (const flush of deferred) flush();
    assert.deepEqual(
      [table.get(words(1)), table.get(words(7)), table.get(words(8))],
      [long(2n), undefined, long(8n)],
    );
  });

  test('what was set before the end is there, what comes after is nothing, and no error', () => {
    const { writes, deferred } = scene();
    writes.set(words(1), long(1n));
    writes.close();
    writes.set(words(2), long(2n));
    writes.delete(words(1));
    for (const flush of deferred) flush();
    assert.deepEqual([table.get(words(1)), table.get(words(2))], [long(1n), undefined]);
  });

  test('more than a system call takes are stored meanwhile; those without room are counted, and others stay', () => {
    const { writes } = scene();
    for (let key = 1; key <= 1003; key++) writes.set(words(key), long(BigInt(key)));
    assert.equal(table.keys().length, 512);
    writes.flush();
    assert.deepEqual([table.keys().length, writes.refused], [1000, 3]);
    writes.set(words(2), long(99n));
    writes.flush();
    assert.deepEqual([table.get(words(2)), writes.refused], [long(99n), 3]);
  });
});
