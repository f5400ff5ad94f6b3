/** RFC 4443, what of it is a router's, section by section: by the programs, and by the controller where that answers. */
import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { encodeIcmp6Error } from '../../control/wire/icmp6/errors.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { decodeIpv6Header, upperLayerChecksum } from '../../control/wire/ipv6/header.ts';
import { DataPath } from '../bpf/data-path.ts';
import * as lab from '../bpf/fixtures.ts';
import * as packets from '../bpf/packets.ts';

const { NextHeader } = packets;
const BOX = 'fc00:db8:1::1';
const REDIRECT = 137;
const dataPath = new DataPath();
after(() => dataPath.close());
beforeEach(() => void lab.standardTables(dataPath));

type Fields = Partial<packets.FrameFields>;
const fromHost = (fields: Fields = {}) =>
  packets.frame({
    link: lab.fromHost,
    source: lab.HOST,
    destination: lab.PEER,
    parts: [packets.udp()],
    ...fields,
  });
const toProvider = (fields: Fields = {}) =>
  packets.frame({
    link: lab.toProvider(0),
    source: lab.LOCATORS[0],
    destination: lab.PEER_LOCATORS[0],
    hopLimit: 63,
    parts: [packets.payloadHeader(lab.PEER_TAG), packets.udp()],
    ...fields,
  });
const fromProvider = (parts: readonly packets.Part[], fields: Fields = {}) =>
  packets.frame({
    link: lab.fromProvider(0),
    source: '2001:db8:f::1',
    destination: lab.LOCATORS[0],
    parts,
    ...fields,
  });
const shimmed = packets.packet({
  source: lab.LOCATORS[0],
  destination: lab.PEER_LOCATORS[0],
  parts: [packets.payloadHeader(lab.PEER_TAG), packets.udp()],
});
const from = (source: string, parts: readonly packets.Part[], destination: string = lab.PEER) =>
  packets.packet({ source, destination, parts });
const answer = (invoking: Uint8Array, kind: 'no-route' | 'hop-limit-exceeded' = 'no-route') =>
  encodeIcmp6Error(parseAddress(BOX), invoking, { kind });

describe('RFC 4443 §2.2: whose address an error has', () => {
  test('§2.2: the source is the box’s, the destination the invoking packet’s source', () => {
    const header = decodeIpv6Header(answer(from(lab.HOST, [packets.udp()]))!)!;
    assert.deepEqual([header.source, header.destination], [parseAddress(BOX), parseAddress(lab.HOST)]);
  });
});

describe('RFC 4443 §2.3: the checksum', () => {
  for (const length of [8, 9, 1232, 1400])
    test(`§2.3: covers the pseudo-header, about ${length} octets of UDP`, () => {
      const error = answer(from(lab.HOST, [packets.udp(length)]))!;
      const { source, destination } = decodeIpv6Header(error)!;
      assert.equal(upperLayerChecksum(source, destination, NextHeader.icmp6, error.subarray(40)), 0);
    });
});

describe('RFC 4443 §2.4: message processing rules', () => {
  for (const type of [5, 99, 100, 101, 127])
    test(`(a): an error of the unknown type ${type} reaches the host whose packet it quotes`, () => {
      const input = fromProvider([packets.icmp6Error(type, shimmed)]);
      lab.expectOutcome(dataPath, 'outside', input, { punted: 'icmp-error' });
    });
  for (const type of [5, 127, 200])
    test(`(a), (b): a message of the unknown type ${type} between hosts is carried like any other`, () => {
      const parts = [packets.icmp6Error(type, from(lab.PEER, [packets.udp()], lab.HOST))];
      lab.expectOutcome(dataPath, 'inside', fromHost({ parts }), {
        forwarded: toProvider({ parts: [packets.payloadHeader(lab.PEER_TAG), ...parts] }),
      });
    });
  for (const [length, quoted] of [
    [8, 48],
    [1191, 1231],
    [1192, 1232],
    [1193, 1232],
    [3000, 1232],
  ] as const)
    test(`(c): of ${40 + length} octets ${quoted} are quoted, so that 1280 are not exceeded`, () => {
      const error = answer(from(lab.HOST, [packets.udp(length)]))!;
      assert.equal(error.length, 48 + quoted);
      assert.deepEqual(error.subarray(48), from(lab.HOST, [packets.udp(length)]).subarray(0, quoted));
    });
  test('(d): an error that quotes too little to tell whose it is goes to no host', () => {
    const cut = shimmed.subarray(0, 39);
    lab.expectOutcome(dataPath, 'outside', fromProvider([packets.icmp6Error(1, cut)]), 'passed');
  });
  for (const type of [0, 1, 2, 3, 4, 5, 127])
    test(`(e.1): no error about an error of type ${type}`, () => {
      assert.equal(answer(from(lab.HOST, [packets.icmp6Error(type, shimmed)])), undefined);
    });
  test('(e.1): nor about one behind extension headers, or behind a payload header', () => {
    const error = packets.icmp6Error(1, shimmed);
    for (const before of [
      [packets.hopByHop(), packets.destinationOptions(), packets.routing()],
      [packets.payloadHeader(lab.PEER_TAG)],
    ])
      assert.equal(answer(from(lab.HOST, [...before, error])), undefined);
  });
  test('(e.2): no error about a Redirect', () => {
    assert.equal(answer(from(lab.HOST, [packets.icmp6(REDIRECT)])), undefined);
  });
  test('an error about an informational message is sent', () => {
    assert.notEqual(answer(from(lab.HOST, [packets.icmp6(128)])), undefined);
  });
  test('(e.3): no error about a packet to a multicast address, but Packet Too Big', () => {
    const invoking = from(lab.HOST, [packets.udp(1400)], 'ff0e::1');
    assert.equal(answer(invoking), undefined);
    assert.equal(answer(invoking, 'hop-limit-exceeded'), undefined);
    const tooBig = encodeIcmp6Error(parseAddress(BOX), invoking, { kind: 'packet-too-big', mtu: 1280 });
    assert.equal(tooBig?.[40], 2);
  });
  for (const [rule, name, destination] of [
    ['(e.4)', 'multicast', '33:33:00:00:00:01'],
    ['(e.5)', 'broadcast', 'ff:ff:ff:ff:ff:ff'],
  ] as const) {
    const link = { ...lab.fromHost, destination };
    test(`${rule}: a packet sent as link-layer ${name} is not forwarded, and no error is asked for`, () => {
      for (const input of [
        fromHost({ link }),
        fromHost({ link, hopLimit: 1 }),
        fromHost({ link, parts: [packets.udp(1460)] }),
        fromHost({ link, destination: 'fc00:db8:2::99' }),
      ])
        lab.expectOutcome(dataPath, 'inside', input, 'passed');
      const arriving = { ...lab.fromProvider(0), destination };
      const parts = [packets.payloadHeader(lab.LOCAL_TAG), packets.udp()];
      const fields = { link: arriving, source: lab.PEER_LOCATORS[0] };
      lab.expectOutcome(dataPath, 'outside', fromProvider(parts, fields), 'passed');
      lab.expectOutcome(dataPath, 'outside', fromProvider(parts, { ...fields, hopLimit: 1 }), 'passed');
    });
  }
  for (const source of ['::', 'ff02::1', 'ff0e::5'])
    test(`(e.6): no error to ${source}`, () => {
      assert.equal(answer(from(source, [packets.udp()])), undefined);
    });
});

describe('RFC 4443 §3: which error', () => {
  test('§3.1: no path left', () => {
    for (const uplink of [0, 1] as const) lab.setUplink(dataPath.tables, uplink, { up: false });
    lab.expectOutcome(dataPath, 'inside', fromHost(), { punted: 'no-uplink' });
  });
  test('§3.2: the MTU of the next hop’s link, less the payload header', () => {
    const parts = [packets.udp(1453)];
    lab.expectOutcome(dataPath, 'inside', fromHost({ parts }), { punted: 'too-big', mtu: 1492 });
  });
  for (const hopLimit of [0, 1])
    test(`§3.3: hop limit ${hopLimit} is exceeded, and the packet discarded`, () => {
      lab.expectOutcome(dataPath, 'inside', fromHost({ hopLimit }), { punted: 'hop-limit' });
    });
  test('§3.3: hop limit 2 becomes 1', () => {
    lab.expectOutcome(dataPath, 'inside', fromHost({ hopLimit: 2 }), {
      forwarded: toProvider({ hopLimit: 1 }),
    });
  });
  test('§3.3 comes before §3.2: a packet that is both spent and too big', () => {
    const both = fromHost({ hopLimit: 1, parts: [packets.udp(1453)] });
    lab.expectOutcome(dataPath, 'inside', both, { punted: 'hop-limit' });
  });
});
