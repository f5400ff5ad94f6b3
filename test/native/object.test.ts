import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfError, BpfObject, ClosedHandleError, possibleCpus } from '../../native/libbpf/index.ts';
import { compile, frame, long, scratch, words } from './fixtures.ts';

const sample = compile('sample');

test('an object loads with its maps as written, or with other sizes', () => {
  using written = BpfObject.open(sample).load();
  const table = written.map('table');
  assert.deepEqual({ ...table }, { name: 'table', type: 'hash', keySize: 4, valueSize: 8, maxEntries: 8 });
  assert.equal(written.map('ring').type, 'ringbuf');
  using larger = BpfObject.open(sample, {
    maps: { table: { maxEntries: 3 }, ring: { maxEntries: 65_536 } },
  }).load();
  assert.equal(larger.map('ring').maxEntries, 65_536);
  const small = larger.map('table');
  for (const key of [1, 2, 3]) small.set(words(key), long(BigInt(key)));
  assert.throws(() => small.set(words(4), long(4n)), { name: 'BpfError', code: 'E2BIG', errno: 7 });
});

test('a hash map stores, lists and deletes', () => {
  using object = BpfObject.open(sample).load();
  const table = object.map('table');
  assert.equal(table.get(words(1)), undefined);
  assert.deepEqual(table.keys(), []);
  table.set(words(1), long(11n));
  table.set(words(2), long(22n));
  assert.deepEqual(table.get(words(2)), long(22n));
  assert.deepEqual(
    table
      .keys()
      .map((key) => key[0])
      .sort(),
    [1, 2],
  );
  assert.equal(table.delete(words(1)), true);
  assert.equal(table.delete(words(1)), false);
  assert.equal(table.get(words(1)), undefined);
});

test('many entries are stored by one call; what does not fit is an error, and stays out', () => {
  using object = BpfObject.open(sample).load();
  const table = object.map('table');
  const keys = new Uint8Array(Uint32Array.of(1, 2, 3, 4).buffer);
  const values = new Uint8Array(BigUint64Array.of(11n, 22n, 33n, 44n).buffer);
  table.setBatch(keys, values, 3);
  assert.deepEqual(table.get(words(3)), long(33n));
  assert.equal(table.get(words(4)), undefined);
  assert.throws(() => table.setBatch(keys, values, 5), RangeError);
  for (let key = 5; key <= 9; key++) table.set(words(key), long(1n));
  assert.throws(() => table.setBatch(keys, values, 4), { name: 'BpfError', code: 'E2BIG' });
  assert.throws(() => object.map('counters').setBatch(words(0), words(0), 1), { code: 'EINVAL' });
});

test('keys and values of a wrong length never reach the kernel', () => {
  using object = BpfObject.open(sample).load();
  const table = object.map('table');
  assert.throws(() => table.get(new Uint8Array(3)), RangeError);
  assert.throws(() => table.set(words(1), new Uint8Array(7)), RangeError);
  assert.throws(() => object.map('counters').get(words(0)), { code: 'EINVAL' });
  assert.throws(() => table.getPerCpu(words(0)), { code: 'EINVAL' });
});

test('a per-CPU map has one value for each processor', () => {
  using object = BpfObject.open(sample).load();
  const counters = object.map('counters');
  const zero = Array.from({ length: possibleCpus() }, () => 0);
  const read = () =>
    counters
      .getPerCpu(words(0))!
      .map((value) => new DataView(value.buffer, value.byteOffset).getUint32(0, true));
  assert.deepEqual(read(), zero);
  const run = (cpu: number) => object.program('count').testRun({ data: frame(64), cpu });
  run(0);
  run(0);
  assert.deepEqual(read(), zero.with(0, 2));
  if (possibleCpus() > 1) {
    run(1);
    assert.deepEqual(read(), zero.with(0, 2).with(1, 1));
  }
  counters.set(words(0), words(9));
  assert.deepEqual(read(), zero.fill(9));
});

test('objects share a map by reuse, of the same shape only', () => {
  using first = BpfObject.open(sample).load();
  using second = BpfObject.open(sample, { maps: { table: { reuse: first.map('table') } } }).load();
  first.map('table').set(words(5), long(55n));
  assert.deepEqual(second.map('table').get(words(5)), long(55n));
  assert.throws(() => BpfObject.open(sample, { maps: { table: { reuse: first.map('counters') } } }), {
    name: 'BpfError',
    code: 'EINVAL',
    message: /type is percpu_array, the program needs hash/,
  });
});

test('a refused program throws the end of the verifier log', () => {
  using object = BpfObject.open(compile('refused'));
  assert.throws(
    () => object.load(),
    (error: unknown) => {
      assert.ok(error instanceof BpfError);
      assert.equal(error.code, 'EACCES');
      assert.match(error.message, /invalid access to packet, off=0 size=1/);
      assert.match(error.log, /R1 offset is outside of the packet/);
      assert.match(error.log, /unchecked/);
      return true;
    },
  );
});

test('what does not exist is named', () => {
  assert.throws(() => BpfObject.open(scratch('absent.o')), {
    name: 'BpfError',
    code: 'ENOENT',
    errno: 2,
  });
  assert.throws(() => BpfObject.open(import.meta.filename), {
    name: 'BpfError',
    code: 'LIBBPF_ERRNO__FORMAT',
  });
  assert.throws(() => BpfObject.open(sample, { maps: { tabel: {} } }), {
    code: 'ENOENT',
    message: /maps are: cells, counters, port, ring, table/,
  });
  using object = BpfObject.open(sample);
  assert.throws(() => object.map('table'), { code: 'EINVAL', message: /not loaded/ });
  object.load();
  assert.throws(() => object.program('absent'), { code: 'ENOENT', message: /prepend/ });
  assert.throws(() => object.load(), { code: 'EINVAL' });
});

test('a closed object throws, and so do its parts', () => {
  const object = BpfObject.open(sample).load();
  const table = object.map('table');
  const program = object.program('count');
  object.close();
  object.close();
  for (const use of [
    () => object.map('table'),
    () => object.load(),
    () => table.get(words(1)),
    () => table.fd,
    () => program.testRun({ data: frame(64) }),
  ])
    assert.throws(use, ClosedHandleError);
});
