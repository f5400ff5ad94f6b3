import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../control/config/load.ts';
import { Uplink } from '../../control/site/uplinks.ts';
import { minimalConfig } from '../config/minimal.ts';

const provider = parseConfig(minimalConfig).providers[0]!;
const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
const link = { ifindex: 3, mac, mtu: 1500, carrier: true };

test('an uplink is up once it has carrier and its router is resolved', () => {
  const uplink = new Uplink(0, provider);
  assert.equal(uplink.setLink(1, link), undefined);
  assert.equal(uplink.up, false);
  assert.deepEqual(uplink.setGateway(2, mac), { state: 'up', reason: 'carrier-and-gateway', at: 2 });
});

test('each loss is one transition with its reason', () => {
  const uplink = new Uplink(0, provider);
  uplink.setLink(1, link);
  uplink.setGateway(2, mac);
  assert.deepEqual(uplink.setLink(3, { ...link, carrier: false }), {
    state: 'down',
    reason: 'no-carrier',
    at: 3,
  });
  assert.equal(uplink.setLink(4, { ...link, carrier: false }), undefined);
  assert.deepEqual(uplink.setLink(5, link), { state: 'up', reason: 'carrier-and-gateway', at: 5 });
  assert.deepEqual(uplink.setGateway(6, undefined), { state: 'down', reason: 'no-gateway', at: 6 });
  assert.deepEqual(uplink.setLink(7, undefined), undefined);
  assert.equal(uplink.up, false);
});

test('an interface made anew needs its router resolved anew', () => {
  const uplink = new Uplink(0, provider);
  uplink.setLink(1, link);
  uplink.setGateway(2, mac);
  assert.equal(uplink.setLink(3, { ...link, ifindex: 4 })?.state, 'down');
});

test('history is bounded', () => {
  const uplink = new Uplink(0, provider);
  uplink.setGateway(0, mac);
  for (let at = 0; at < 1000; at++) uplink.setLink(at, { ...link, carrier: at % 2 === 0 });
  assert.equal(uplink.switches.length, 32);
  assert.equal(uplink.switches.at(-1)?.at, 999);
});

test("the MTU is the smaller of the interface's and the configuration's", () => {
  const uplink = new Uplink(0, { ...provider, mtu: 1400 });
  uplink.setLink(1, link);
  assert.equal(uplink.mtu, 1400);
});
