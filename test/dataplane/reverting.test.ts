/** Contexts settle where an outage took them and go back later, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EgressTable } from '../../control/dataplane/egress-table.ts';
import { EgressEntry } from '../../control/dataplane/layout.generated.ts';
import { Reversion } from '../../control/dataplane/reversion.ts';
import { Settling } from '../../control/dataplane/settling.ts';
import type { ContextView } from '../../control/shim6/context.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const [x1, y1, x2, y2] = ['a::1', 'b::1', 'a::2', 'b::2'].map(parseAddress) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const PATHS = [
  { source: x1, destination: x2, uplink: 0 },
  { source: y1, destination: y2, uplink: 1 },
];
const KEY = BigUint64Array.of(
  0x9e37_79b9_7f4a_7c15n,
  0xbf58_476d_1ce4_e5b9n,
  0x94d0_49bb_1331_11ebn,
  0xd6e8_feb8_6659_fd93n,
);

function tableOf(count: number) {
  const slots = 2 * 2 ** Math.ceil(Math.log2(count));
  const table = new EgressTable(new Uint32Array((slots * EgressEntry.size) / 4), KEY, slots / 2);
  const ulid = (index: number) => {
    const address = parseAddress('fc00::');
    new DataView(address.buffer).setUint32(12, index);
    return address;
  };
  const entries = Array.from({ length: count }, (_, index) =>
    table.add(ulid(index), ulid(index + 1), { high: 1, low: index }, PATHS),
  );
  for (const slot of entries) table.setLive(slot);
  return { table, entries };
}

test('after settling, the return of an uplink moves nothing', () => {
  const { table, entries } = tableOf(1000);
  const up = new Set([1]);
  const inUse = (slot: number) => table.pathInUse(slot, (uplink) => up.has(uplink))?.uplink;
  assert.ok(
    entries.every((slot) => inUse(slot) === 1),
    'the data path takes the alternate by itself',
  );
  table.settle(0, table.mask + 1, (uplink) => up.has(uplink));
  up.add(0);
  assert.ok(entries.every((slot) => inUse(slot) === 1));
});

test('without settling it would move everything at once', () => {
  const { table, entries } = tableOf(10);
  assert.ok(entries.every((slot) => table.pathInUse(slot, () => true)?.uplink === 0));
});

test('the table is settled slice by slice, and all that is left at once when the uplink comes back', () => {
  const seen: [number, number][] = [];
  const deferred: (() => void)[] = [];
  const settling = new Settling({
    slots: 300_000,
    settle: (first, end) => seen.push([first, end]),
    defer: (next) => deferred.push(next),
  });
  settling.start();
  deferred.shift()!();
  deferred.shift()!();
  assert.deepEqual(seen, [
    [0, 65_536],
    [65_536, 131_072],
  ]);
  settling.finish();
  assert.deepEqual(seen.at(-1), [131_072, 300_000]);
  for (const next of deferred) next();
  settling.finish();
  assert.equal(seen.length, 3, 'nothing twice');
});

test('another loss while the table is being settled begins anew', () => {
  const seen: number[] = [];
  const deferred: (() => void)[] = [];
  const settling = new Settling({
    slots: 131_072,
    settle: (first) => seen.push(first),
    defer: (next) => deferred.push(next),
  });
  settling.start();
  deferred.shift()!();
  settling.start();
  for (let next = deferred.shift(); next !== undefined; next = deferred.shift()) next();
  assert.deepEqual(seen, [0, 0, 65_536]);
});

interface Moving {
  state: string;
  strays: boolean;
  lastSent: number;
  movedAt?: number;
}

/** `busy` of `count` contexts send all the time, the others last sent at tick 0. The uplink is stable at `stable`. */
function reversionOf(count: number, busy: number, stable: number) {
  const contexts: Moving[] = Array.from({ length: count }, (_, index) => ({
    state: 'ESTABLISHED',
    strays: true,
    lastSent: index < busy ? Number.POSITIVE_INFINITY : 0,
  }));
  let tick = 100;
  const seen = (context: ContextView) => context as unknown as Moving;
  const reversion = new Reversion({
    contexts: () => contexts.values() as IterableIterator<unknown> as IterableIterator<ContextView>,
    wants: (context) => {
      if (!seen(context).strays) return 'no';
      return tick >= stable ? 'now' : 'later';
    },
    lastSent: (context) => seen(context).lastSent,
    revert: (context) => {
      seen(context).strays = false;
      seen(context).movedAt = tick;
    },
  });
  /** Returns how many went back in each tick. */
  const run = (until: number) => {
    const moved: number[] = [];
    for (; tick < until; tick++) {
      const before = reversion.reverted;
      reversion.step(tick);
      moved.push(reversion.reverted - before);
    }
    return moved;
  };
  return { reversion, contexts, run };
}

test('nothing goes back before the uplink has been stable', () => {
  const { reversion, contexts, run } = reversionOf(100, 50, 400);
  reversion.want();
  run(400);
  assert.equal(reversion.reverted, 0);
  run(1200);
  assert.equal(reversion.reverted, 100);
  assert.ok(contexts.every(({ movedAt }) => movedAt! >= 400));
});

test('idle contexts go first, busy ones in small portions over a minute', () => {
  const { reversion, contexts, run } = reversionOf(20_000, 12_000, 0);
  reversion.want();
  const moved = run(100 + 800);
  assert.equal(reversion.reverted, 20_000);
  assert.ok(Math.max(...moved) <= 500, 'no tick moves more than a few hundred');
  const busy = contexts.slice(0, 12_000).map(({ movedAt }) => movedAt!);
  const perTick = new Map<number, number>();
  for (const at of busy) perTick.set(at, (perTick.get(at) ?? 0) + 1);
  assert.ok(Math.max(...perTick.values()) <= 40, 'at most a six hundredth of them in one tick');
  const idleDone = Math.max(...contexts.slice(12_000).map(({ movedAt }) => movedAt!));
  assert.ok(idleDone < 140, 'idle ones are done within seconds');
});

test('a busy context goes back at once when it pauses', () => {
  const { reversion, contexts, run } = reversionOf(1000, 1000, 0);
  reversion.want();
  run(105);
  const waiting = contexts.findLast(({ strays }) => strays)!;
  waiting.lastSent = 100;
  run(107);
  assert.equal(waiting.strays, false);
});

test('an uplink lost again while contexts go back stops them', () => {
  const { reversion, contexts, run } = reversionOf(1000, 1000, 0);
  reversion.want();
  run(110);
  const before = reversion.reverted;
  assert.ok(before > 0 && before < 1000);
  for (const context of contexts) context.strays = false;
  run(1000);
  assert.equal(reversion.reverted, before);
});

test('without a wish nothing is searched', () => {
  let searches = 0;
  const reversion = new Reversion({
    contexts: () => {
      searches++;
      return [].values();
    },
    wants: () => 'no',
    lastSent: () => 0,
    revert: () => {},
  });
  for (let tick = 0; tick < 1000; tick++) reversion.step(tick);
  assert.equal(searches, 0);
  reversion.want();
  for (let tick = 0; tick < 1000; tick++) reversion.step(tick);
  assert.equal(searches, 1);
});
