import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EgressTable, type Path } from '../../control/dataplane/egress-table.ts';
import { IngressTable } from '../../control/dataplane/ingress-table.ts';
import { IngressEntry, SlotState } from '../../control/dataplane/layout.generated.ts';
import { NO_SLOT, SlotTable } from '../../control/dataplane/slot-table.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { SeededRandom } from '../shim6/random.ts';

const SLOTS = 64;
/** Whatever slot it names. */
const HASH = 0x9000_0000;
const memory = () => new Uint32Array(SLOTS * 32);
const key = BigUint64Array.from([1n, 2n, 3n, 4n], (factor) => (factor * 0x9e3779b97f4a7c15n) | 1n);
const ulid = (number: number) => parseAddress(`fc00:1::${number.toString(16)}`);
const peer = parseAddress('fc00:2::1');
const path = (number: number, uplink: number): Path => ({
  source: parseAddress(`2001:db8:1${number}::1`),
  destination: parseAddress(`2001:db8:2${number}::1`),
  uplink,
});
const tag = (low: number, high = 7) => ({ low, high });
const allUp = () => true;

test('an egress entry is found by its pair only, draining until it is set live', () => {
  const table = new EgressTable(memory(), key, 32);
  const slot = table.add(ulid(1), peer, tag(5), [path(1, 0), path(2, 1)]);
  assert.equal(table.find(ulid(1), peer), slot);
  assert.equal(table.find(peer, ulid(1)), NO_SLOT);
  assert.equal(table.view(slot).state, SlotState.SLOT_DRAINING);
  table.setLive(slot);
  assert.deepEqual(
    { ...table.view(slot), paths: table.view(slot).paths.length },
    { state: SlotState.SLOT_LIVE, active: 0, paths: 2, packets: 0, bytes: 0, lastSent: 0 },
  );
  assert.deepEqual(table.view(slot).paths, [path(1, 0), path(2, 1)]);
});

test('the table refuses what exceeds its capacity and takes it again after a removal', () => {
  const table = new EgressTable(memory(), key, 32);
  const slots = Array.from({ length: 32 }, (_, index) =>
    table.add(ulid(index), peer, tag(index), [path(1, 0)]),
  );
  assert.equal(slots.includes(NO_SLOT), false);
  assert.equal(table.add(ulid(99), peer, tag(99), [path(1, 0)]), NO_SLOT);
  table.remove(slots[3]!);
  assert.notEqual(table.add(ulid(99), peer, tag(99), [path(1, 0)]), NO_SLOT);
  for (const index of [0, 1, 2, 4, 31, 99])
    assert.notEqual(table.find(ulid(index), peer), NO_SLOT, `pair ${index}`);
  assert.equal(table.find(ulid(3), peer), NO_SLOT);
  assert.equal(table.count, 32);
});

test('entries are counted by the uplink of their active path, whatever became of them', () => {
  const table = new EgressTable(memory(), key, 32);
  const random = new SeededRandom(7);
  const one = (below: number) => random.octets(1)[0]! % below;
  const slots = new Set<number>();
  const anyOf = () => [...slots][one(slots.size)]!;
  const up = [true, true, true];
  const isUp = (uplink: number) => up[uplink] ?? false;
  const operations = [
    () => {
      const slot = table.add(ulid(slots.size * 100 + one(99)), peer, tag(1), [
        path(1, one(3)),
        path(2, one(3)),
      ]);
      if (slot !== NO_SLOT) slots.add(slot);
    },
    () => table.setLive(anyOf()),
    () => table.setDraining(anyOf()),
    () => table.setSteered(anyOf(), one(2) === 0),
    () => table.setPaths(anyOf(), path(1, one(3)), one(2) === 0 ? undefined : path(2, one(3)), isUp),
    () => table.flush(),
    () => {
      up[one(3)] = one(2) === 0;
      table.settle(0, SLOTS, isUp);
    },
    () => {
      const slot = anyOf();
      slots.delete(slot);
      table.remove(slot);
    },
  ];
  for (let step = 0; step < 5_000; step++) {
    operations[slots.size === 0 ? 0 : one(operations.length)]!();
    for (const uplink of [0, 1, 2]) {
      const there = [...slots].filter((slot) => table.pathInUse(slot, () => true)?.uplink === uplink);
      assert.equal(table.countByUplink(uplink), there.length);
    }
  }
});

test('churn leaves no tombstones behind that fill the table', () => {
  const words = memory();
  const table = new EgressTable(words, key, 32);
  for (let round = 0; round < 1000; round++) {
    const slot = table.add(ulid(round), peer, tag(round), [path(1, 0)]);
    assert.notEqual(slot, NO_SLOT);
    table.remove(slot);
  }
  const states = Array.from({ length: SLOTS }, (_, slot) => words[slot * 32 + 10]! & 0xff);
  assert.equal(
    states.every((state) => state === SlotState.SLOT_EMPTY),
    true,
  );
});

test('entries behind a removed one in the same probe sequence stay reachable', () => {
  const table = new SlotTable(memory(), 32, 40);
  const slots = [table.claim(HASH), undefined, undefined] as number[];
  table.publish(slots[0]!, SlotState.SLOT_LIVE);
  for (const index of [1, 2]) {
    slots[index] = table.claim(HASH);
    table.publish(slots[index]!, SlotState.SLOT_LIVE);
  }
  table.release(slots[1]!);
  assert.equal(
    table.find(HASH, (slot) => slot === slots[2]),
    slots[2],
  );
  assert.equal(table.claim(HASH), slots[1]);
});

test('new paths are written where no packet looks, and the old primary only at the flush', () => {
  const table = new EgressTable(memory(), key, 32);
  const slot = table.add(ulid(1), peer, tag(5), [path(1, 0), path(2, 1)]);
  table.setPaths(slot, path(3, 0), path(4, 1), allUp);
  assert.equal(table.view(slot).active, 1);
  assert.deepEqual(table.view(slot).paths, [path(1, 0), path(3, 0)]);
  table.flush();
  assert.deepEqual(table.view(slot).paths, [path(4, 1), path(3, 0)]);
});

test('while the active uplink is down its path is the one that may be written', () => {
  const table = new EgressTable(memory(), key, 32);
  const slot = table.add(ulid(1), peer, tag(5), [path(1, 0), path(2, 1)]);
  table.setPaths(slot, path(3, 0), path(2, 1), (uplink) => uplink !== 0);
  assert.deepEqual([table.view(slot).active, table.view(slot).paths], [0, [path(3, 0), path(2, 1)]]);
});

test('the same paths again change nothing; one path less is gone after the flush', () => {
  const table = new EgressTable(memory(), key, 32);
  const slot = table.add(ulid(1), peer, tag(5), [path(1, 0), path(2, 1)]);
  table.setPaths(slot, path(1, 0), path(2, 1), allUp);
  assert.deepEqual([table.view(slot).active, table.view(slot).paths], [0, [path(1, 0), path(2, 1)]]);
  table.setPaths(slot, path(1, 0), undefined, allUp);
  table.flush();
  assert.deepEqual(table.view(slot).paths, [path(1, 0)]);
});

test('an ingress entry is found by all 47 bits of its tag', () => {
  const words = memory();
  const table = new IngressTable(words, 32);
  const slot = table.add(tag(5, 0x7fff), ulid(1), peer, [path(1, 0).destination], {
    port: 2,
    mac: Uint8Array.of(2, 0, 0, 0, 0, 9),
  });
  assert.equal(table.find(tag(5, 0x7fff)), slot);
  assert.equal(table.find(tag(5, 0x7ffe)), NO_SLOT);
  assert.equal(table.find(tag(6, 0x7fff)), NO_SLOT);
  const bytes = new Uint8Array(words.buffer);
  const entry = bytes.subarray(slot * 128, slot * 128 + 128);
  assert.equal(entry[IngressEntry.port], 2);
  assert.equal(entry[IngressEntry.peerLocators], 1);
  table.remove(slot);
  assert.equal(table.find(tag(5, 0x7fff)), NO_SLOT);
});
