import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeIcmp6Error } from '../../../control/wire/icmp6/errors.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import {
  decodeIpv6Header,
  encodeIpv6,
  NextHeader,
  upperLayerChecksum,
} from '../../../control/wire/ipv6/header.ts';

const box = parseAddress('fc00:db8:1::1');
const host = parseAddress('fc00:db8:1::5');
const peer = parseAddress('fc00:db8:2::5');
const packet = (length: number, nextHeader = 17, source = host, destination = peer) =>
  encodeIpv6({ source, destination, nextHeader, hopLimit: 64 }, new Uint8Array(length));

test('the error goes to the sender, quotes its packet, and its checksum holds', () => {
  const error = encodeIcmp6Error(box, packet(100), { kind: 'packet-too-big', mtu: 1492 })!;
  const header = decodeIpv6Header(error)!;
  assert.deepEqual(header.destination, host);
  assert.deepEqual(header.source, box);
  const message = error.subarray(40);
  assert.equal(upperLayerChecksum(box, host, NextHeader.icmp6, message), 0);
  assert.deepEqual([...message.subarray(0, 2), ...message.subarray(4, 8)], [2, 0, 0, 0, 0x05, 0xd4]);
  assert.deepEqual(message.subarray(8), packet(100));
});

test('types and codes are those of RFC 4443 §3', () => {
  const codes = (['no-route', 'address-unreachable', 'hop-limit-exceeded'] as const).map((kind) => [
    ...encodeIcmp6Error(box, packet(8), { kind })!.subarray(40, 42),
  ]);
  assert.deepEqual(codes, [
    [1, 0],
    [1, 3],
    [3, 0],
  ]);
});

test('no error exceeds 1280 octets', () => {
  assert.equal(encodeIcmp6Error(box, packet(2000), { kind: 'no-route' })?.length, 1280);
});

test('RFC 4443 §2.4 (e): none about an error, to a group, or to nobody', () => {
  const unreachable = { kind: 'no-route' } as const;
  assert.equal(encodeIcmp6Error(box, packet(8, NextHeader.icmp6), unreachable), undefined);
  assert.equal(encodeIcmp6Error(box, packet(8, 17, host, parseAddress('ff02::1')), unreachable), undefined);
  assert.equal(encodeIcmp6Error(box, packet(8, 17, parseAddress('::')), unreachable), undefined);
  assert.equal(encodeIcmp6Error(box, packet(8, 17, parseAddress('ff02::1')), unreachable), undefined);
});

test('truncated packets get none and do no harm', () => {
  const whole = packet(8);
  for (let length = 0; length < 40; length++)
    assert.equal(encodeIcmp6Error(box, whole.subarray(0, length), { kind: 'no-route' }), undefined);
});
