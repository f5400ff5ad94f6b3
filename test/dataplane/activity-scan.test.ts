import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActivityScan } from '../../control/dataplane/activity-scan.ts';
import { EgressTable } from '../../control/dataplane/egress-table.ts';
import { IngressTable } from '../../control/dataplane/ingress-table.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const KEY = BigUint64Array.of(1n, 3n, 5n, 7n);
const peer = parseAddress('fc00:2::1');
const path = {
  source: parseAddress('2001:db8:11::1'),
  destination: parseAddress('2001:db8:21::1'),
  uplink: 0,
};

/** Tables with one context, and what the scan tells of it. */
function scene(slots: number, atRest = false) {
  const egress = new EgressTable(new Uint32Array(slots * 32), KEY, slots / 2);
  const ingress = new IngressTable(new Uint32Array(slots * 32), slots / 2);
  const local = parseAddress('fc00:1::1');
  const outbound = egress.add(local, peer, { high: 2, low: 7 }, [path]);
  const inbound = ingress.add({ high: 1, low: 7 }, local, peer, [path.destination], undefined);
  const told: (readonly number[])[] = [];
  const observe = (...observed: readonly number[]) => told.push(observed);
  const scan = new ActivityScan({ egress, ingress, observe, isAtRest: () => atRest });
  return { egress, ingress, outbound, inbound, scan, told };
}

test('what was sent and received since the step before, once', () => {
  const { egress, ingress, outbound, inbound, scan, told } = scene(256);
  scan.watch(outbound, inbound);
  scan.step(10);
  assert.deepEqual(told, [], 'the first step only begins the measure');
  egress.touch(outbound, 10);
  ingress.touch(inbound, 10);
  scan.step(11);
  scan.step(12);
  assert.deepEqual(told, [
    [outbound, 10, 10, 10],
    [outbound, 11, 10, 0],
  ]);
});

test('contexts that are not watched, or no more, are not told of', () => {
  const { outbound, inbound, scan, told } = scene(256);
  scan.step(1);
  scan.step(2);
  assert.equal(scan.watch(outbound, inbound), true);
  assert.equal(scan.watch(outbound, inbound), false, 'watched already');
  scan.step(3);
  assert.equal(told.length, 1);
  scan.unwatch(outbound);
  scan.step(4);
  assert.equal(told.length, 1);
});

test('contexts at rest are told of only when they carried something', () => {
  const { egress, ingress, outbound, inbound, scan, told } = scene(256, true);
  scan.watch(outbound, inbound);
  for (let tick = 1; tick <= 6; tick++) {
    if (tick === 3) egress.touch(outbound, tick);
    if (tick === 5) ingress.touch(inbound, tick);
    scan.step(tick);
  }
  assert.deepEqual(told, [
    [outbound, 2, 3, 0],
    [outbound, 3, 3, 0],
    [outbound, 4, 3, 5],
    [outbound, 5, 3, 5],
  ]);
});

test('a large table is seen whole in five steps, and nothing that came is missed', () => {
  const { ingress, outbound, inbound, scan, told } = scene(2_097_152);
  scan.watch(outbound, inbound);
  let heard = 0;
  for (let tick = 1; tick <= 40; tick++) {
    if (tick % 7 === 0) ingress.touch(inbound, tick);
    scan.step(tick);
    heard += told.splice(0).filter(([, , , received]) => received !== 0).length;
  }
  assert.ok(heard >= 4, `${heard}`);
});
