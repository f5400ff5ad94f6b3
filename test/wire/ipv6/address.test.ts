import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  AddressError,
  addressFromKey,
  addressKey,
  compareAddress,
  equalAddress,
  formatAddress,
  parseAddress,
} from '../../../control/wire/ipv6/address.ts';
import { combine, containsAddress, formatPrefix, parsePrefix } from '../../../control/wire/ipv6/prefix.ts';

const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('text and octets agree, in the form of RFC 5952', () => {
  fc.assert(fc.property(octets, (address) => equalAddress(parseAddress(formatAddress(address)), address)));
  assert.equal(formatAddress(parseAddress('FC00:0DB8:0:0:1:0:0:1')), 'fc00:db8::1:0:0:1');
});

test('keys are equal exactly for equal addresses', () => {
  fc.assert(
    fc.property(octets, octets, (first, second) => {
      assert.equal(addressKey(first) === addressKey(second), compareAddress(first, second) === 0);
      assert.deepEqual(addressFromKey(addressKey(first)), first);
    }),
  );
});

test('what is no IPv6 address is refused with the text', () => {
  for (const text of ['', '::g', '1.2.3.4', 'fe80::1%eth0', '1::2::3', '::/0']) {
    assert.throws(
      () => parseAddress(text),
      (error) => error instanceof AddressError && error.text === text,
    );
  }
});

test('prefixes contain what starts with their bits', () => {
  const prefix = parsePrefix('2001:db8:8000::/33');
  assert.equal(containsAddress(prefix, parseAddress('2001:db8:8000::1')), true);
  assert.equal(containsAddress(prefix, parseAddress('2001:db8:7fff::1')), false);
  assert.equal(containsAddress(parsePrefix('::/0'), parseAddress('ff02::1')), true);
  assert.equal(formatPrefix(prefix), '2001:db8:8000::/33');
});

test('combining takes the prefix and the rest', () => {
  assert.equal(
    formatAddress(combine(parsePrefix('2001:db8:11::/48'), parseAddress('fc00:db8:1:2:3:4:5:6'))),
    '2001:db8:11:2:3:4:5:6',
  );
  assert.equal(formatAddress(combine(parsePrefix('8000::/1'), parseAddress('7fff::1'))), 'ffff::1');
});

test('prefixes with bits beyond their length, or no length, are refused', () => {
  for (const text of [
    '2001:db8::1/48',
    '2001:db8::',
    '2001:db8::/129',
    '2001:db8::/-1',
    '/48',
    '2001:db8::/4x',
  ]) {
    assert.throws(() => parsePrefix(text), AddressError);
  }
});
