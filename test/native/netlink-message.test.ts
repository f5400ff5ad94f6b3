import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeAddress } from '../../native/linux/netlink/address.ts';
import { decodeLink } from '../../native/linux/netlink/link.ts';
import {
  Attributes,
  attribute,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  Fields,
  NetlinkDecodeError,
  nestedAttribute,
  textAttribute,
  u8Attribute,
  u32Attribute,
} from '../../native/linux/netlink/message.ts';
import { decodeNeighbour } from '../../native/linux/netlink/neighbour.ts';
import { decodeRoute, encodeRoute } from '../../native/linux/netlink/route.ts';
import { decodeRule, encodeRule } from '../../native/linux/netlink/rule.ts';

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

test('a message is header, fixed part and attributes, each padded to 4 octets', { skip: !LITTLE }, () => {
  const message = encodeMessage({ type: 16, flags: 5, sequence: 7 }, Uint8Array.of(0xaa), [
    u8Attribute(1, 2),
    u32Attribute(3, 4),
  ]);
  assert.deepEqual(
    [...message],
    [
      ...[36, 0, 0, 0, 16, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0],
      ...[0xaa, 0, 0, 0],
      ...[5, 0, 1, 0, 2, 0, 0, 0],
      ...[8, 0, 3, 0, 4, 0, 0, 0],
    ],
  );
});

test('messages of a datagram decode one after the other', () => {
  const first = encodeMessage({ type: 1, flags: 2, sequence: 3 }, Uint8Array.of(1, 2, 3));
  const second = encodeMessage({ type: 4, flags: 5, sequence: 0xffff_ffff }, new Uint8Array(0));
  const messages = [...decodeMessages(Uint8Array.of(...first, ...second))];
  assert.deepEqual(
    messages.map(({ type, flags, sequence, payload }) => [type, flags, sequence, [...payload]]),
    [
      [1, 2, 3, [1, 2, 3, 0]],
      [4, 5, 0xffff_ffff, []],
    ],
  );
});

test('attributes nest, and their flag bits do not matter', () => {
  const bytes = encodeAttributes([
    nestedAttribute(18 | 0x8000, textAttribute(1, 'veth'), nestedAttribute(2, u32Attribute(1, 0x1234_5678))),
  ]);
  const outer = new Attributes(bytes);
  assert.equal(outer.nested(18)?.text(1), 'veth');
  assert.equal(outer.nested(18)?.nested(2)?.u32(1), 0x1234_5678);
  assert.equal(outer.text(99), undefined);
});

test('lengths that lie are refused', () => {
  const lying = encodeMessage({ type: 1, flags: 0, sequence: 0 }, new Uint8Array(4));
  new Fields(lying).setU32(0, 24);
  assert.throws(() => [...decodeMessages(lying)], NetlinkDecodeError);
  new Fields(lying).setU32(0, 15);
  assert.throws(() => [...decodeMessages(lying)], NetlinkDecodeError);
  assert.throws(() => [...decodeMessages(lying.subarray(0, 6))], NetlinkDecodeError);
  const attributes = encodeAttributes([u32Attribute(1, 1)]);
  new Fields(attributes).setU16(0, 9);
  assert.throws(() => new Attributes(attributes), NetlinkDecodeError);
  new Fields(attributes).setU16(0, 3);
  assert.throws(() => new Attributes(attributes), NetlinkDecodeError);
  assert.throws(() => new Attributes(encodeAttributes([u8Attribute(1, 1)])).u32(1), NetlinkDecodeError);
});

test('a prefix of more bits than there are and a next hop that is cut short are refused', () => {
  const fixed = (length: number) => Fields.ofLength(12).setU8(0, 10).setU8(1, length).bytes;
  assert.equal(decodeRoute(fixed(128))?.to.length, 128);
  assert.throws(() => decodeRoute(fixed(129)), NetlinkDecodeError);
  assert.throws(() => decodeRule(fixed(129)), NetlinkDecodeError);
  assert.throws(() =>
    decodeAddress(Uint8Array.of(...fixed(129).subarray(0, 8), 20, 0, 1, 0, ...new Uint8Array(16))),
  );
  const MULTIPATH = 9;
  for (const length of [7, 9]) {
    const hop = Fields.ofLength(8).setU16(0, length).bytes;
    const attributes = encodeAttributes([attribute(MULTIPATH, hop)]);
    assert.throws(
      () => decodeRoute(Uint8Array.of(...fixed(0), ...attributes)),
      NetlinkDecodeError,
      `${length}`,
    );
  }
});

test('what is encoded of a route and of a rule decodes to the same', () => {
  const address = (last: number) => Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(11), last);
  const to = { address: address(0), length: 64 };
  const body = (encoded: { fixed: Uint8Array; attributes?: Parameters<typeof encodeAttributes>[0] }) =>
    Uint8Array.of(...encoded.fixed, ...encodeAttributes(encoded.attributes ?? []));
  const route = decodeRoute(
    body(
      encodeRoute({
        to,
        gateway: address(1),
        ifindex: 3,
        table: 1000,
        priority: 5,
        protocol: 140,
        mtu: 1400,
      }),
    ),
  );
  assert.deepEqual(route, {
    to,
    from: { address: new Uint8Array(16), length: 0 },
    type: 'unicast',
    gateway: address(1),
    ifindex: 3,
    table: 1000,
    priority: 5,
    protocol: 140,
    preferredSource: undefined,
    mtu: 1400,
    nextHops: [{ ifindex: 3, gateway: address(1), weight: 1 }],
  });
  const rule = decodeRule(
    body(encodeRule({ from: to, action: 'prohibit', priority: 9, protocol: 140, inputInterface: 'eth0' })),
  );
  assert.deepEqual(rule, {
    priority: 9,
    to: { address: new Uint8Array(16), length: 0 },
    from: to,
    action: 'prohibit',
    table: undefined,
    protocol: 140,
    inputInterface: 'eth0',
    outputInterface: undefined,
    mark: undefined,
    inverted: false,
  });
  assert.throws(() => encodeRoute({ gateway: new Uint8Array(4) }), RangeError);
});

test('a VLAN names its identifier and the link below', () => {
  const attributes = encodeAttributes([
    textAttribute(3, 'eth0.42'),
    u32Attribute(4, 1500),
    u32Attribute(5, 2),
    nestedAttribute(
      18,
      textAttribute(1, 'vlan'),
      nestedAttribute(2, attribute(1, new Uint8Array(Uint16Array.of(42).buffer))),
    ),
  ]);
  const fixed = Fields.ofLength(16).setU32(4, 7).setU32(8, 1).bytes;
  const link = decodeLink(Uint8Array.of(...fixed, ...attributes));
  assert.deepEqual(link, {
    index: 7,
    name: 'eth0.42',
    mac: undefined,
    mtu: 1500,
    maxMtu: 0,
    up: true,
    carrier: false,
    operationalState: 'unknown',
    type: 'vlan',
    peerIndex: undefined,
    lowerIndex: 2,
    vlan: 42,
    masterIndex: undefined,
  });
});

test('what is not of IPv6, or of a bridge port, is no item', () => {
  const AF_INET = 2;
  const AF_BRIDGE = 7;
  assert.equal(decodeLink(Fields.ofLength(16).setU8(0, AF_BRIDGE).bytes), undefined);
  assert.equal(decodeNeighbour(Fields.ofLength(12).setU8(0, AF_BRIDGE).bytes), undefined);
  assert.equal(decodeRoute(Fields.ofLength(12).setU8(0, AF_INET).bytes), undefined);
  assert.equal(decodeRule(Fields.ofLength(12).setU8(0, AF_INET).bytes), undefined);
  assert.throws(() => decodeRoute(Uint8Array.of(10, 0, 0)), NetlinkDecodeError);
});
