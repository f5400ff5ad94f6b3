import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouterAddresses } from '../../control/site/router-addresses.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import type { AddressInfo } from '../../native/linux/index.ts';

const row = (ifindex: number, address: string, more: Partial<AddressInfo> = {}): AddressInfo => ({
  ifindex,
  address: parseAddress(address),
  length: 64,
  scope: 'global',
  tentative: false,
  duplicate: false,
  deprecated: false,
  ...more,
});

function addresses(rows: readonly AddressInfo[]) {
  let asked = 0;
  const kernel = {
    addresses: () => {
      asked++;
      return [...rows];
    },
  };
  const known = new RouterAddresses(kernel);
  const text = (address: Uint8Array | undefined) => address && formatAddress(address);
  return {
    of: (now: number, ifindex: number) => text(known.of(now, ifindex)),
    within: (now: number, prefix: string) => text(known.within(now, parsePrefix(prefix))),
    asked: () => asked,
  };
}

test('the first global address of an interface, or out of a prefix, that is in use', () => {
  const { of, within } = addresses([
    row(3, 'fe80::3', { scope: 'link' }),
    row(3, '2001:db8:11::1', { tentative: true }),
    row(3, '2001:db8:11::2', { duplicate: true }),
    row(3, 'fd00::3'),
    row(3, '2001:db8:11::3'),
    row(1, '2001:db8:12::1'),
  ]);
  assert.equal(of(0, 3), 'fd00::3');
  assert.equal(of(0, 4), undefined);
  assert.equal(within(0, '2001:db8:11::/48'), '2001:db8:11::3');
  assert.equal(within(0, '2001:db8:12::/48'), '2001:db8:12::1');
  assert.equal(within(0, '2001:db8:13::/48'), undefined);
});

test('the kernel is asked once a second', () => {
  const { of, within, asked } = addresses([]);
  of(0, 1);
  within(999, '2001:db8::/32');
  assert.equal(asked(), 1);
  of(1_000, 1);
  assert.equal(asked(), 2);
});
