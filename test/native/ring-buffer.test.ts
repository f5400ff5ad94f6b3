import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfObject, ClosedHandleError, type Program, RingBuffer } from '../../native/libbpf/index.ts';
import { compile, frame, TIME_LIMIT } from './fixtures.ts';

const sample = compile('sample');
/** Bytes of the records that `punt` makes of frames shorter than 128 bytes, and of others. */
const SMALL = 64;
const LARGE = 1001;

const punt = (program: Program, first: number, length = SMALL) =>
  program.testRun({ data: frame(length, first) }).verdict;

test('records arrive in order, and only once', () => {
  using object = BpfObject.open(sample).load();
  const program = object.program('punt');
  const seen: [number, number][] = [];
  using ring = RingBuffer.open(object.map('ring'), (record) => seen.push([record.length, record[0]!]));
  assert.equal(ring.consume(), 0);
  punt(program, 1);
  punt(program, 2, 200);
  punt(program, 0xff);
  punt(program, 3);
  assert.equal(ring.consume(2), 2);
  assert.equal(ring.consume(), 1);
  assert.equal(ring.consume(), 0);
  assert.deepEqual(seen, [
    [SMALL, 1],
    [LARGE, 2],
    [SMALL, 3],
  ]);
});

test('records wrap around the end of a ring of one page, many times', () => {
  using object = BpfObject.open(sample).load();
  const program = object.program('punt');
  const seen: number[] = [];
  using ring = RingBuffer.open(object.map('ring'), (record) => {
    assert.equal(record.length, LARGE);
    assert.equal(record[1000], record[0]);
    seen.push(record[0]!);
  });
  const sent = Array.from({ length: 100 }, (_, index) => index);
  for (const first of sent) {
    punt(program, first, 128);
    ring.consume();
  }
  assert.deepEqual(seen, sent);
});

test('a full ring refuses records until it is consumed', () => {
  const XDP_DROP = 1;
  const XDP_PASS = 2;
  using object = BpfObject.open(sample).load();
  const program = object.program('punt');
  let count = 0;
  using ring = RingBuffer.open(object.map('ring'), () => count++);
  let taken = 0;
  while (punt(program, 0) === XDP_PASS) taken++;
  assert.ok(taken >= 50, `${taken} records of 72 bytes in 4096`);
  assert.equal(punt(program, 0), XDP_DROP);
  assert.equal(ring.consume(), taken);
  assert.equal(count, taken);
  assert.equal(punt(program, 0), XDP_PASS);
});

test('the event loop consumes once started, and waits when there is nothing', TIME_LIMIT, async () => {
  using object = BpfObject.open(sample).load();
  const program = object.program('punt');
  const seen: number[] = [];
  let wake = () => {};
  using ring = RingBuffer.open(object.map('ring'), (record) => {
    seen.push(record[0]!);
    wake();
  });
  ring.start();
  ring.start();
  for (const first of [5, 6, 7]) {
    const arrived = new Promise<void>((resolve) => {
      wake = resolve;
    });
    punt(program, first);
    await arrived;
  }
  assert.deepEqual(seen, [5, 6, 7]);
});

test('a slow handler leaves timers their turn', TIME_LIMIT, async () => {
  using object = BpfObject.open(sample).load();
  const program = object.program('punt');
  const RECORDS = 40;
  for (let first = 0; first < RECORDS; first++) punt(program, first);
  let seen = 0;
  let seenAtTimer = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  using ring = RingBuffer.open(object.map('ring'), () => {
    if (seen === 0) setTimeout(() => (seenAtTimer = seen), 0);
    for (const end = performance.now() + 2; performance.now() < end; );
    if (++seen === RECORDS) resolve();
  });
  ring.start();
  await promise;
  assert.ok(seenAtTimer > 0 && seenAtTimer < RECORDS, `${seenAtTimer} records before the timer`);
});

test('the record may be written to, and the handler may close the ring', () => {
  using object = BpfObject.open(sample).load();
  const program = object.program('punt');
  punt(program, 1);
  punt(program, 2);
  const seen: number[] = [];
  const ring = RingBuffer.open(object.map('ring'), (record) => {
    seen.push(record[0]!);
    record.fill(9);
    assert.equal(ring.consume(), 0);
    ring.close();
  });
  assert.equal(ring.consume(), 1);
  assert.deepEqual(seen, [1]);
  assert.throws(() => ring.consume(), ClosedHandleError);
  assert.throws(() => ring.start(), ClosedHandleError);
  ring.close();
});

test('a ring outlives its object, other maps are no ring', () => {
  const object = BpfObject.open(sample).load();
  punt(object.program('punt'), 4);
  let count = 0;
  using ring = RingBuffer.open(object.map('ring'), () => count++);
  assert.throws(() => RingBuffer.open(object.map('table'), () => {}), { name: 'BpfError', code: 'EINVAL' });
  object.close();
  assert.equal(ring.consume(), 1);
  assert.equal(count, 1);
});
