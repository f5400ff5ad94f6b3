/** Each message byte for byte as RFC 5533 §5 and RFC 5534 §5 draw it. Checksums were computed by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../control/wire/shim6/index.ts';
import { hex } from './hex.ts';

const LOCATOR_A = '20010db8001100000000000000000001';
const LOCATOR_B = '20010db8002100000000000000000002';
const ULID_A = 'fc000db8000100000000000000000001';
const ULID_B = 'fc000db8000200000000000000000002';
const a = parseAddress('2001:db8:11::1');
const b = parseAddress('2001:db8:21::2');
const sender = parseAddress('fc00:db8:1::1');
const receiver = parseAddress('fc00:db8:2::2');
const tag = { high: 0x7abc, low: 0x01234567 };
const otherTag = { high: 1, low: 2 };
const ULID_PAIR = `000c 0024 00000000 ${ULID_A} ${ULID_B}`;
const ulidPair = { type: 'UlidPair', sender, receiver } as const;
const VALIDATOR = '0002 0004 0a0b0c0d';
const validator = { type: 'ResponderValidator', validator: hex('0a0b0c0d') } as const;

interface Golden {
  readonly message: Message;
  readonly bytes: string;
}

const golden: readonly Golden[] = [
  {
    message: {
      type: 'I1',
      initiatorTag: tag,
      initiatorNonce: 0x89abcdef,
      options: [ulidPair, { type: 'ForkedInstanceIdentifier', identifier: 7 }],
    },
    bytes: `3b 07 01 00 9755 7abc 01234567 89abcdef ${ULID_PAIR} 000e 0004 00000007`,
  },
  {
    message: {
      type: 'R1',
      initiatorNonce: 0x89abcdef,
      responderNonce: 1,
      options: [{ type: 'ResponderValidator', validator: hex('0102030405') }],
    },
    bytes: `3b 03 02 00 6253 0000 89abcdef 00000001
            0002 0005 0102030405 00000000000000 # Length without the padding`,
  },
  {
    message: {
      type: 'I2',
      initiatorTag: tag,
      initiatorNonce: 0x89abcdef,
      responderNonce: 1,
      options: [
        validator,
        ulidPair,
        {
          type: 'LocatorList',
          generation: 9,
          locators: [
            { address: a, method: 2 },
            { address: b, method: 1 },
          ],
        },
        {
          type: 'LocatorPreferences',
          generation: 9,
          elementLength: 3,
          elements: [
            { flags: 1, priority: 2, weight: 3 },
            { flags: 2, priority: 3, weight: 4 },
          ],
        },
        { type: 'CgaParameterDataStructure', parameters: hex('aabb') },
      ],
    },
    bytes: `3b 11 03 00 6a7c 7abc 01234567 89abcdef 00000001 00000000 ${VALIDATOR} ${ULID_PAIR}
            0004 002c 00000009 02 02 01 0000000000 # methods, padded inside Length to a multiple of 8
            ${LOCATOR_A} ${LOCATOR_B}
            0006 000b 00000009 03 010203 020304 00
            0008 0002 aabb 0000`,
  },
  {
    message: {
      type: 'R2',
      responderTag: otherTag,
      initiatorNonce: 0x89abcdef,
      options: [
        { type: 'CgaSignature', signature: hex('aabbcc') },
        { type: 'KeepaliveTimeout', timeout: 15 },
        {
          type: 'LocatorPreferences',
          generation: 9,
          elementLength: 1,
          elements: [
            { flags: 1, priority: 0, weight: 0 },
            { flags: 2, priority: 0, weight: 0 },
          ],
        },
      ],
    },
    bytes: `3b 05 04 00 ef54 0001 00000002 89abcdef
            000a 0003 aabbcc 00
            0014 0004 0000 000f
            0006 0007 00000009 01 01 02 0000000000`,
  },
  {
    message: {
      type: 'R1bis',
      packetTag: { high: 0x7fff, low: 0xffffffff },
      responderNonce: 1,
      options: [validator],
    },
    bytes: `3b 02 05 00 29df 7fff ffffffff 00000001 ${VALIDATOR}`,
  },
  {
    message: {
      type: 'I2bis',
      initiatorTag: tag,
      initiatorNonce: 0x89abcdef,
      responderNonce: 1,
      packetTag: { high: 0x7fff, low: 0xffffffff },
      options: [validator, ulidPair],
    },
    bytes: `3b 09 06 00 fc4d 7abc 01234567 89abcdef 00000001
            00000000 0000 7fff ffffffff # 49 reserved bits, then the packet context tag
            ${VALIDATOR} ${ULID_PAIR}`,
  },
  {
    message: {
      type: 'UpdateRequest',
      receiverTag: otherTag,
      requestNonce: 42,
      options: [
        {
          type: 'LocatorPreferences',
          generation: 9,
          elementLength: 2,
          elements: [
            { flags: 1, priority: 5, weight: 0 },
            { flags: 0, priority: 6, weight: 0 },
          ],
        },
      ],
    },
    bytes: '3b 03 40 00 77b6 0001 00000002 0000002a 0006 0009 00000009 02 0105 0006 000000',
  },
  {
    message: { type: 'UpdateAcknowledgement', receiverTag: otherTag, requestNonce: 42, options: [] },
    bytes: '3b 01 41 00 83d1 0001 00000002 0000002a',
  },
  {
    message: { type: 'Keepalive', receiverTag: otherTag, options: [] },
    bytes: '3b 01 42 00 82fb 0001 00000002 00000000',
  },
  {
    message: {
      type: 'Probe',
      receiverTag: otherTag,
      state: 2,
      sent: [{ source: a, destination: b, nonce: 3, data: 4 }],
      received: [{ source: b, destination: a, nonce: 5, data: 6 }],
      options: [],
    },
    bytes: `3b 0b 43 00 b910 0001 00000002 11 80 0000
            ${LOCATOR_A} ${LOCATOR_B} 00000003 00000004
            ${LOCATOR_B} ${LOCATOR_A} 00000005 00000006`,
  },
  {
    message: {
      type: 'Error',
      code: 2,
      pointer: 52,
      packet: hex('6000000000108c00 0102030405060708'),
    },
    bytes: '3b 02 44 04 84a0 0034 6000000000108c00 0102030405060708',
  },
];

describe('golden bytes', () => {
  for (const { message, bytes } of golden) {
    test(`${message.type} is encoded as drawn`, () => assert.deepEqual(encodeMessage(message), hex(bytes)));
    test(`${message.type} is decoded as drawn`, () => assert.deepEqual(decodeMessage(hex(bytes)), message));
  }
});
