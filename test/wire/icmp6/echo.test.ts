import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEchoReply, encodeEchoRequest } from '../../../control/wire/icmp6/echo.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { NextHeader, upperLayerChecksum } from '../../../control/wire/ipv6/header.ts';

const [source, destination] = [parseAddress('2001:db8::1'), parseAddress('2001:db8::2')];
const data = Uint8Array.of(1, 2, 3);

test('an Echo Request has type 128, identifier, sequence, data and a good checksum', () => {
  const message = encodeEchoRequest(source, destination, { identifier: 0x1234, sequence: 0xfedc, data });
  assert.deepEqual([...message.subarray(0, 2)], [128, 0]);
  assert.deepEqual([...message.subarray(4)], [0x12, 0x34, 0xfe, 0xdc, 1, 2, 3]);
  assert.equal(upperLayerChecksum(source, destination, NextHeader.icmp6, message), 0);
});

test('only a whole Echo Reply is one', () => {
  const reply = Uint8Array.of(129, 0, 0, 0, 0x12, 0x34, 0xfe, 0xdc, 1, 2, 3);
  assert.deepEqual(decodeEchoReply(reply), { identifier: 0x1234, sequence: 0xfedc, data });
  assert.equal(decodeEchoReply(reply.subarray(0, 7)), undefined);
  assert.equal(decodeEchoReply(reply.with(0, 128)), undefined);
  assert.equal(decodeEchoReply(reply.with(1, 1)), undefined);
});
