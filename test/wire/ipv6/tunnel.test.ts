import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from '../../../control/wire/ipv6/address.ts';
import { decodeIpv6Header, encodeIpv6 } from '../../../control/wire/ipv6/header.ts';
import { encapsulate, tunnelOf } from '../../../control/wire/ipv6/tunnel.ts';

const ends = { local: parseAddress('fd00::1'), remote: parseAddress('fd00::e1') };
const inner = encodeIpv6(
  {
    source: parseAddress('2001:db8:11::1'),
    destination: parseAddress('2001:db8:21::2'),
    nextHeader: 140,
    hopLimit: 9,
  },
  Uint8Array.of(1, 2, 3),
);
// Traffic class 0x2e, flow label 0x12345.
inner.set([0x62, 0xe1, 0x23, 0x45]);

test('a packet is carried whole behind a header with its traffic class and flow label (RFC 2473 §3.1)', () => {
  const outer = encapsulate(ends, inner);
  const { source, destination, ...rest } = decodeIpv6Header(outer)!;
  assert.equal(formatAddress(source), 'fd00::1');
  assert.equal(formatAddress(destination), 'fd00::e1');
  const expected = {
    trafficClass: 0x2e,
    flowLabel: 0x12345,
    payloadLength: 43,
    nextHeader: 41,
    hopLimit: 64,
  };
  assert.deepEqual(rest, expected);
  assert.deepEqual(outer.subarray(40), inner);
});

test('the ends of a tunnel are read from its packets, and from no others', () => {
  assert.deepEqual(tunnelOf(encapsulate(ends, inner)), ends);
  assert.equal(tunnelOf(inner), undefined);
  assert.equal(tunnelOf(new Uint8Array(39)), undefined);
});
