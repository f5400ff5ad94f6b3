import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouterAddressMap } from '../../control/dataplane/router-address-map.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';

const entry = (ifindex: number, vlan: number, address: string) => ({
  ifindex,
  vlan,
  address: parseAddress(address),
});

test('the map holds what it is told, and is written where something changed', () => {
  const held = new Map<string, string>();
  const writes: string[] = [];
  const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
  const map = new RouterAddressMap({
    set: (key, value) => {
      held.set(hex(key), formatAddress(value));
      writes.push(`set ${hex(key)}`);
    },
    delete: (key) => {
      writes.push(`delete ${hex(key)}`);
      return held.delete(hex(key));
    },
  });
  map.replace([entry(3, 0, 'fc00::1'), entry(3, 4095, 'fc00::2'), entry(3, 0, 'fc00::9')]);
  assert.deepEqual(Object.fromEntries(held), {
    '0300000000000000': 'fc00::1',
    '03000000ff0f0000': 'fc00::2',
  });
  writes.length = 0;
  map.replace([entry(3, 0, 'fc00::1'), entry(3, 4095, 'fc00::3')]);
  assert.deepEqual(writes, ['set 03000000ff0f0000']);
  map.replace([entry(4, 0, 'fc00::1')]);
  assert.deepEqual(Object.fromEntries(held), { '0400000000000000': 'fc00::1' });
  map.replace([]);
  assert.equal(held.size, 0);
});
