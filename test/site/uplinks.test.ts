import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../control/config/load.ts';
import { hysteresisOf } from '../../control/site/liveness/settings.ts';
import { UplinkStates } from '../../control/site/liveness/uplink-states.ts';
import { Uplink } from '../../control/site/uplinks.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { minimalConfig } from '../config/minimal.ts';

const provider = parseConfig(minimalConfig).providers[0]!;
const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
const link = { ifindex: 3, mac, mtu: 1500, carrier: true };

function uplinkOf(changes: Partial<typeof provider> = {}) {
  return new Uplink(0, { ...provider, ...changes }, new UplinkStates([hysteresisOf(provider)]));
}

test('the interface tells of carrier, or why there is none', () => {
  const uplink = uplinkOf();
  assert.deepEqual(uplink.setLink(link), { source: 'carrier', state: 'up', detail: 'carrier' });
  const lost = uplink.setLink({ ...link, carrier: false });
  assert.deepEqual(lost, { source: 'carrier', state: 'down', detail: 'no carrier' });
  assert.deepEqual(uplink.setLink(undefined), { source: 'carrier', state: 'down', detail: 'no interface' });
});

test('an interface made anew needs its router resolved anew', () => {
  const uplink = uplinkOf();
  uplink.setLink(link);
  uplink.setGateway(mac);
  uplink.setLink({ ...link, carrier: false });
  assert.equal(uplink.gatewayReport.state, 'up');
  uplink.setLink({ ...link, ifindex: 4 });
  assert.equal(uplink.gatewayReport.state, 'down');
});

test('history is bounded', () => {
  const uplink = uplinkOf();
  for (let at = 0; at < 1000; at++) uplink.note({ uplink: 0, state: 'up', reason: 'test', at });
  assert.equal(uplink.switches.length, 32);
  assert.equal(uplink.switches.at(-1)?.at, 999);
});

test("the MTU is the smaller of the interface's and the configuration's", () => {
  const uplink = uplinkOf({ mtu: 1400 });
  uplink.setLink(link);
  assert.equal(uplink.mtu, 1400);
});

const tunnel = { local: parseAddress('fd00::1'), remote: parseAddress('fd00::e1') };

test('a tunnel takes 40 octets of what the link carries', () => {
  const uplink = uplinkOf({ tunnel });
  assert.equal(uplink.mtu, 1280, 'while nothing is known of the link');
  uplink.setLink(link);
  assert.equal(uplink.mtu, 1460);
  const limited = uplinkOf({ tunnel, mtu: 1400 });
  limited.setLink(link);
  assert.equal(limited.mtu, 1400);
});

test('a router on the way to the exit router is believed for ten minutes (RFC 2473 §7.1)', () => {
  const uplink = uplinkOf({ tunnel });
  uplink.setLink(link);
  assert.equal(uplink.learnTunnelMtu(1501, 0), false, 'more than it is');
  assert.equal(uplink.learnTunnelMtu(1480, 1_000), true);
  assert.equal(uplink.mtu, 1440);
  assert.equal(uplink.learnTunnelMtu(600, 2_000), true);
  assert.equal(uplink.mtu, 1280, 'hosts need not send less');
  assert.equal(uplink.forgetTunnelMtu(601_999), false);
  assert.equal(uplink.forgetTunnelMtu(602_000), true);
  assert.equal(uplink.mtu, 1460);
});
