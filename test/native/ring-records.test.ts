import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RingRecords } from '../../native/libbpf/ring-records.ts';

const SIZE = 4096;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

/** A ring in plain memory, filled as the kernel fills one. */
class FakeRing {
  readonly consumer = new BigUint64Array(1);
  readonly producer = new BigUint64Array(1);
  readonly data = new Uint8Array(2 * SIZE);

  constructor(position = 0) {
    this.consumer[0] = this.producer[0] = BigInt(position);
  }

  /** Appends a record filled with `octet`; returns the offset of its header. */
  append(length: number, octet: number, flags = 0): number {
    const offset = Number(this.producer[0]! % BigInt(SIZE));
    const header = Uint32Array.of((length | flags) >>> 0, 0);
    const record = new Uint8Array(8 + length).fill(octet);
    record.set(new Uint8Array(header.buffer));
    for (const [index, value] of record.entries()) {
      const at = (offset + index) % SIZE;
      this.data[at] = this.data[at + SIZE] = value;
    }
    this.producer[0]! += BigInt((8 + length + 7) & ~7);
    return offset;
  }

  read(records: RingRecords, limit = Number.POSITIVE_INFINITY): number[][] {
    const seen: number[][] = [];
    records.consume(limit, (offset, length) => {
      seen.push([...this.data.subarray(offset, offset + length)]);
      return true;
    });
    return seen;
  }
}

test('records come in order and are given back to the producers', () => {
  const ring = new FakeRing();
  const records = new RingRecords(ring);
  assert.deepEqual(ring.read(records), []);
  ring.append(3, 1);
  ring.append(0, 0);
  ring.append(8, 2);
  assert.deepEqual(ring.read(records), [[1, 1, 1], [], [2, 2, 2, 2, 2, 2, 2, 2]]);
  assert.equal(ring.consumer[0], ring.producer[0]);
  assert.deepEqual(ring.read(records), []);
});

test('a discarded record is skipped, a busy one holds up those behind it', () => {
  const ring = new FakeRing();
  const records = new RingRecords(ring);
  ring.append(1, 1, DISCARDED);
  const busy = ring.append(1, 2, BUSY);
  ring.append(1, 3);
  assert.deepEqual(ring.read(records), []);
  assert.equal(ring.consumer[0], 16n);
  ring.data[busy + 3] = 0;
  assert.deepEqual(ring.read(records), [[2], [3]]);
});

test('a record that wraps around is contiguous, also beyond position 2^32', () => {
  for (const start of [0, 2 ** 32, 2 ** 40]) {
    const ring = new FakeRing(start + SIZE - 16);
    const records = new RingRecords(ring);
    ring.append(100, 7);
    ring.append(1, 8);
    assert.deepEqual(ring.read(records), [new Array(100).fill(7), [8]]);
    assert.equal(ring.consumer[0], BigInt(start + SIZE - 16 + 112 + 16));
  }
});

test('a limit leaves the rest for the next call', () => {
  const ring = new FakeRing();
  const records = new RingRecords(ring);
  for (const octet of [1, 2, 3]) ring.append(1, octet);
  assert.deepEqual(ring.read(records, 2), [[1], [2]]);
  assert.equal(ring.consumer[0], 32n);
  assert.deepEqual(ring.read(records, 2), [[3]]);
});

test('a record whose visitor throws is consumed', () => {
  const ring = new FakeRing();
  const records = new RingRecords(ring);
  ring.append(1, 1);
  ring.append(1, 2);
  const failure = new RangeError('of the visitor');
  assert.throws(
    () =>
      records.consume(10, () => {
        throw failure;
      }),
    failure,
  );
  assert.deepEqual(ring.read(records), [[2]]);
});

test('space is given back during a long run', () => {
  const ring = new FakeRing();
  const records = new RingRecords(ring);
  for (let index = 0; index < 200; index++) ring.append(8, index);
  const positions = new Set<bigint>();
  records.consume(1000, () => {
    positions.add(ring.consumer[0]!);
    return true;
  });
  assert.deepEqual([...positions], [0n, 64n * 16n, 128n * 16n, 192n * 16n]);
});
