import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EgressTable } from '../../control/dataplane/egress-table.ts';
import { IdleScan } from '../../control/dataplane/idle-scan.ts';
import { IngressTable } from '../../control/dataplane/ingress-table.ts';
import type { ContextView } from '../../control/shim6/context.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const SLOTS = 256;
const PATIENCE = 100;
const peer = parseAddress('fc00:2::1');
const path = {
  source: parseAddress('2001:db8:11::1'),
  destination: parseAddress('2001:db8:21::1'),
  uplink: 0,
};

/** Tables with `count` contexts that last carried a packet at tick 0, and a scan that notes what it discards. */
function scene(count: number, fork = 0) {
  const key = BigUint64Array.of(1n, 3n, 5n, 7n);
  const egress = new EgressTable(new Uint32Array(SLOTS * 32), key, SLOTS / 2);
  const ingress = new IngressTable(new Uint32Array(SLOTS * 32), SLOTS / 2);
  const contexts = Array.from({ length: count }, (_, index) => {
    const local = parseAddress(`fc00:1::${(index + 1).toString(16)}`);
    const localTag = { high: 1, low: index };
    const inbound = ingress.add(localTag, local, peer, [path.destination], undefined);
    const outbound = fork === 0 ? egress.add(local, peer, localTag, [path]) : -1;
    return { view: { local, peer, localTag, fork } as ContextView, inbound, outbound };
  });
  const discarded: number[] = [];
  const scan = new IdleScan({
    egress,
    ingress,
    patience: PATIENCE,
    contextWithTag: (tag) => contexts[tag.low]?.view,
    discard: (context) => {
      const { inbound, outbound } = contexts[context.localTag.low]!;
      discarded.push(context.localTag.low);
      ingress.remove(inbound);
      if (outbound >= 0) egress.remove(outbound);
    },
  });
  const round = (tick: number) => {
    for (let slice = 0; slice < 60; slice++) scan.step(tick);
    return discarded.splice(0).sort((one, other) => one - other);
  };
  return { egress, ingress, contexts, round };
}

test('a context is discarded once both directions have been silent for long enough, and once only', () => {
  const { round } = scene(3);
  assert.deepEqual(round(PATIENCE), []);
  assert.deepEqual(round(PATIENCE + 1), [0, 1, 2]);
  assert.deepEqual(round(PATIENCE + 2), []);
});

test('one that sends is kept, and so is one that receives', () => {
  const { egress, ingress, contexts, round } = scene(3);
  egress.touch(contexts[0]!.outbound, 50);
  ingress.touch(contexts[1]!.inbound, 50);
  assert.deepEqual(round(PATIENCE + 1), [2]);
  assert.deepEqual(round(PATIENCE + 51), [0, 1]);
});

test('forked contexts, which have no egress entry, are judged by what they receive', () => {
  const { round } = scene(2, 7);
  assert.deepEqual(round(PATIENCE + 1), [0, 1]);
});

test('every slot is looked at in a bounded number of steps', () => {
  const { round } = scene(SLOTS / 2);
  assert.equal(round(PATIENCE + 1).length, SLOTS / 2);
});
