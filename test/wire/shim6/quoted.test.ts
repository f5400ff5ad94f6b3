import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { encodeIpv6 } from '../../../control/wire/ipv6/header.ts';
import {
  encodeMessage,
  type Message,
  readQuotedMessage,
  readQuotedPacket,
  SHIM6_PROTOCOL,
} from '../../../control/wire/shim6/index.ts';
import { anyMessage } from './arbitrary.ts';

const tag = { high: 0x7fff, low: 0xfedcba98 };
const nonce = 0x89abcdef;
const quotable: readonly Message[] = [
  { type: 'I1', initiatorTag: tag, initiatorNonce: nonce, options: [] },
  { type: 'I2', initiatorTag: tag, initiatorNonce: nonce, responderNonce: 1, options: [] },
  {
    type: 'I2bis',
    initiatorTag: tag,
    initiatorNonce: nonce,
    responderNonce: 1,
    packetTag: { high: 1, low: 1 },
    options: [],
  },
  { type: 'UpdateRequest', receiverTag: tag, requestNonce: nonce, options: [] },
];

test('tag and nonce of each message that an error is matched to, from its first 16 octets', () => {
  for (const message of quotable) {
    const bytes = encodeMessage(message);
    assert.deepEqual(readQuotedMessage(bytes.subarray(0, 16)), { type: message.type, tag, nonce });
    assert.equal(readQuotedMessage(bytes.subarray(0, 15)), undefined);
  }
});

test('in a packet, with the addresses it was sent between', () => {
  const source = parseAddress('2001:db8:11::1');
  const destination = parseAddress('2001:db8:21::2');
  const header = { source, destination, nextHeader: SHIM6_PROTOCOL, hopLimit: 64 };
  const packet = encodeIpv6(header, encodeMessage(quotable[0]!));
  assert.deepEqual(readQuotedPacket(packet), { type: 'I1', tag, nonce, source, destination });
  assert.deepEqual(readQuotedPacket(packet.subarray(0, 56)), readQuotedPacket(packet));
  assert.equal(readQuotedPacket(packet.subarray(0, 55)), undefined);
  assert.equal(readQuotedPacket(encodeIpv6({ ...header, nextHeader: 59 }, packet.subarray(40))), undefined);
});

test('any octets and any message give a value or undefined', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    anyMessage.map((message) => encodeMessage(message, 2048)),
  );
  fc.assert(
    fc.property(bytes, fc.nat(60), (octets, skipped) => {
      readQuotedPacket(octets.subarray(skipped));
      const quoted = readQuotedMessage(octets.subarray(skipped));
      assert.ok(quoted === undefined || quotable.some(({ type }) => type === quoted.type));
    }),
  );
});
