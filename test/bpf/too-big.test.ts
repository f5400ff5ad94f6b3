/**
 * Packet Too Big as the programs write it (RFC 4443 §2.4, §3.2): to whom, from whom, of what size, quoting what; when
 * nobody may be told, when too many were, and when it is left to the controller.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { seededRandom } from '../bench/random.ts';
import { icmpError, isSummed, summed, upper } from './checksummed.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { HOST, LOCATORS, PEER, PEER_LOCATORS } = lab;
const { NextHeader, concat, destinationOptions, fragment, hopByHop, routing, udp } = packets;
/** The box, as the hosts and as the peers see it: test runs come in by one interface. */
const BOX = 'fc00:db8:1::1';
const ON_VLAN = 'fc00:db8:1:7::1';
const VLAN = 7;
const LEGACY = '2001:db8:f::80';
const HOUR = 3600e9;

const dataPath = DataPath.shared();
const { tables } = dataPath;

function standardLinks(): void {
  lab.standardTables(dataPath);
  tables.routerAddresses([
    { vlan: 0, address: BOX },
    { vlan: VLAN, address: ON_VLAN },
  ]);
}

type Parts = readonly packets.Part[];
type Fields = Partial<packets.FrameFields>;

const sent = (parts: Parts, fields: Fields = {}) =>
  packets.frame({ link: lab.fromHost, source: HOST, destination: PEER, parts, ...fields });
const arriving = (parts: Parts, fields: Fields = {}) =>
  packets.frame({
    link: lab.fromProvider(0),
    source: PEER_LOCATORS[0],
    destination: LOCATORS[0],
    parts,
    ...fields,
  });
const shim = packets.payloadHeader(lab.LOCAL_TAG);

/** What RFC 4443 §3.2 has the box send about an untagged or a tagged frame. */
function answer(
  frame: Uint8Array,
  { mtu, from = BOX, tagged = false }: { mtu: number; from?: string; tagged?: boolean },
) {
  const network = tagged ? 18 : 14;
  const invoking = frame.slice(network);
  const to = invoking.slice(8, 24);
  const quoted = invoking.slice(0, 1280 - 40 - 8);
  const text = Array.from({ length: 8 }, (_, word) =>
    ((to[word * 2]! << 8) | to[word * 2 + 1]!).toString(16),
  ).join(':');
  const [part] = summed(from, text, [icmpError(2, 0, mtu, quoted)]);
  const header = [0x60, 0, 0, 0, 0x04, 0xd8, NextHeader.icmp6, 64];
  return concat(
    frame.slice(6, 12),
    frame.slice(0, 6),
    frame.slice(12, network),
    header,
    parseAddress(from),
    to,
    part!.octets,
  );
}

/** A UDP datagram that makes an IPv6 packet of `length` octets. */
const sized = (length: number) => udp(length - 40);
const expectInside = (frame: Uint8Array, outcome: lab.Outcome) =>
  lab.expectOutcome(dataPath, 'inside', frame, outcome);
const expectOutside = (frame: Uint8Array, outcome: lab.Outcome) =>
  lab.expectOutcome(dataPath, 'outside', frame, outcome);

describe('to hosts, about shimmed packets', () => {
  beforeEach(standardLinks);
  test('what the path takes, less the payload header', () => {
    for (const length of [1493, 1500, 1777, 2400]) {
      const frame = sent([sized(length)]);
      expectInside(frame, { answered: answer(frame, { mtu: 1492 }) });
    }
    lab.setUplink(tables, 0, { mtu: 1400 });
    const frame = sent([sized(1393)]);
    expectInside(frame, { answered: answer(frame, { mtu: 1392 }) });
  });

  test('the uplink that packets would take counts, and what was learned of the path', () => {
    lab.setUplink(tables, 0, { up: false });
    lab.setUplink(tables, 1, { mtu: 1400 });
    const frame = sent([sized(1393)]);
    expectInside(frame, { answered: answer(frame, { mtu: 1392 }) });
    tables.pathMtu({ uplink: 1, destination: PEER_LOCATORS[1], mtu: 1350 });
    expectInside(frame, { answered: answer(frame, { mtu: 1342 }) });
  });

  test('an uplink by a tunnel, whose MTU is without the outer header', () => {
    const tunnel = { local: 'fd00:db8:1:b::1', remote: 'fd00:db8:1:b::e1' };
    lab.setUplink(tables, 0, { mtu: 1460, tunnel });
    const frame = sent([sized(1453)]);
    expectInside(frame, { answered: answer(frame, { mtu: 1452 }) });
  });

  test('never less than 1280; packets of no more than that are fragmented by the controller', () => {
    tables.pathMtu({ uplink: 0, destination: PEER_LOCATORS[0], mtu: 1283 });
    const frame = sent([sized(1281)]);
    expectInside(frame, { answered: answer(frame, { mtu: 1280 }) });
    expectInside(sent([sized(1280)]), { punted: 'fragment', mtu: 1275 });
  });

  test('with extension headers, and Ethernet padding behind the packet', () => {
    for (const parts of [
      [hopByHop(), destinationOptions(2), routing(1), destinationOptions(), udp(1400)],
      [fragment(0, true), udp(1480)],
      [fragment(1480, false), udp(1480)],
    ]) {
      const frame = sent(parts, { padding: 13 });
      expectInside(frame, { answered: answer(frame, { mtu: 1492 }) });
    }
  });

  test('about ICMPv6 messages that are no errors', () => {
    for (const type of [128, 129, 255]) {
      const frame = sent([upper(NextHeader.icmp6, concat([type, 0], new Uint8Array(1500)))]);
      expectInside(frame, { answered: answer(frame, { mtu: 1492 }) });
    }
  });

  test('a spent hop limit comes first', () => {
    expectInside(sent([sized(1500)], { hopLimit: 1 }), { punted: 'hop-limit' });
  });
});

describe('to hosts, about what NATv6 translates', () => {
  beforeEach(standardLinks);
  beforeEach(() => {
    dataPath.nat.setChoices(Array.from({ length: 256 }, () => [0, 1]));
    dataPath.nat.setProviderPrefixes(['2001:db8:11::/48', '2001:db8:12::/48'].map(parsePrefix));
    const locators = LOCATORS.map((address, uplink) => ({ address: parseAddress(address), uplink }));
    const mac = Uint8Array.of(2, 0, 0, 0, 1, 0x11);
    dataPath.nat.setHost(parseAddress(HOST), locators, { port: lab.HOST_PORT, mac });
    dataPath.nat.enable({ silent: false, hashKey: BigUint64Array.of(3n, 5n, 7n, 9n) });
  });

  test('the uplink’s MTU, and the packet as the host sent it', () => {
    const frame = sent([sized(1501)], { destination: LEGACY });
    expectInside(frame, { answered: answer(frame, { mtu: 1500 }) });
    lab.setUplink(tables, 0, { mtu: 1280 });
    const smaller = sent([sized(1281)], { destination: LEGACY });
    expectInside(smaller, { answered: answer(smaller, { mtu: 1280 }) });
  });

  test('to a peer, the MTU toward the host, and the packet as it sent it', () => {
    lab.setPort(tables, lab.HOST_PORT, { mtu: 1400 });
    const frame = arriving([sized(1401)], { source: LEGACY });
    expectOutside(frame, { answered: answer(frame, { mtu: 1400 }) });
  });

  test('nobody about an ICMPv6 error', () => {
    const error = icmpError(3, 0, 0, new Uint8Array(1500));
    expectInside(sent([error], { destination: LEGACY }), { dropped: 'too-big' });
    expectOutside(arriving([error], { source: LEGACY }), { dropped: 'outside-too-big' });
  });

  test('nobody at an address that is no single node’s', () => {
    for (const source of ['::', 'ff02::1', 'ffff::', '::1:0'])
      expectOutside(arriving([sized(1501)], { source }), 'passed');
    const frame = arriving([sized(1501)], { source: '0:1::1:0' });
    expectOutside(frame, { answered: answer(frame, { mtu: 1500 }) });
  });
});

describe('to peers, about payload', () => {
  beforeEach(standardLinks);
  test('the host’s link and the payload header together, to the locator, quoting locators and tag', () => {
    for (const length of [1509, 1700]) {
      const frame = arriving([shim, udp(length - 48)]);
      expectOutside(frame, { answered: answer(frame, { mtu: 1508 }) });
    }
    lab.setPort(tables, lab.HOST_PORT, { mtu: 1280 });
    const frame = arriving([hopByHop(), shim, destinationOptions(), udp(1300)]);
    expectOutside(frame, { answered: answer(frame, { mtu: 1288 }) });
  });

  test('nobody about an ICMPv6 error, wherever it stands', () => {
    const error = icmpError(1, 4, 0, new Uint8Array(1500));
    for (const parts of [
      [shim, error],
      [hopByHop(), shim, error],
      [shim, destinationOptions(), error],
      [destinationOptions(), routing(), shim, destinationOptions(), error],
    ])
      expectOutside(arriving(parts), { dropped: 'outside-too-big' });
  });
});

describe('the link that it goes back by', () => {
  beforeEach(standardLinks);
  test('the same VLAN, from the address there, whatever the priority', () => {
    for (const tag of [VLAN, 0xe000 | VLAN]) {
      const frame = sent([sized(1500)], { link: { ...lab.fromHost, vlan: tag } });
      expectInside(frame, { answered: answer(frame, { mtu: 1492, from: ON_VLAN, tagged: true }) });
      const outer = arriving([shim, udp(1500)], { link: { ...lab.fromProvider(0), vlan: tag } });
      expectOutside(outer, { answered: answer(outer, { mtu: 1508, from: ON_VLAN, tagged: true }) });
    }
  });

  test('a tag with nothing but a priority is no VLAN', () => {
    const frame = sent([sized(1500)], { link: { ...lab.fromHost, vlan: 0x6000 } });
    expectInside(frame, { answered: answer(frame, { mtu: 1492, tagged: true }) });
  });
});

describe('left to the controller', () => {
  beforeEach(standardLinks);
  const tooBig = { punted: 'too-big', mtu: 1492 } as const;
  const links: Readonly<Record<string, packets.Link>> = {
    'a VLAN without an address': { ...lab.fromHost, vlan: 8 },
    'a service tag': { ...lab.fromHost, vlan: VLAN, tagType: 0x88a8 },
  };
  for (const [name, link] of Object.entries(links))
    test(name, () => expectInside(sent([sized(1500)], { link }), { ...tooBig, networkOffset: 18 }));

  test('a link without an address', () => {
    tables.routerAddresses([{ vlan: VLAN, address: ON_VLAN }]);
    expectInside(sent([sized(1500)]), tooBig);
    expectOutside(arriving([shim, udp(1500)]), { punted: 'outside-too-big', mtu: 1508 });
  });

  test('a frame to many stations is the kernel’s, as all of them', () => {
    for (const destination of ['ff:ff:ff:ff:ff:ff', '33:33:00:00:00:01'])
      expectInside(sent([sized(1500)], { link: { ...lab.fromHost, destination } }), 'passed');
  });

  test('extension headers that are not followed to their end', () => {
    const many = Array.from({ length: 6 }, () => destinationOptions());
    expectInside(sent([...many, udp(1450)]), tooBig);
    const lies = { type: NextHeader.routing, octets: concat([0, 255], new Uint8Array(1498)), chained: false };
    expectInside(sent([lies]), tooBig);
  });
});

describe('limits', () => {
  beforeEach(standardLinks);
  afterEach(() => dataPath.forgetPunts());

  test('in all: burst, then a counted drop; the other kind keeps its own', () => {
    tables.limit('EVENT_TOO_BIG', [HOUR, 2 * HOUR]);
    const frame = sent([sized(1500)]);
    for (let count = 0; count < 3; count++) expectInside(frame, { answered: answer(frame, { mtu: 1492 }) });
    for (let count = 0; count < 3; count++) expectInside(frame, { dropped: 'too-big' });
    const outer = arriving([shim, udp(1500)]);
    expectOutside(outer, { answered: answer(outer, { mtu: 1508 }) });
  });

  test('for each source, and those about whom nobody is told use up nothing', () => {
    tables.limit('EVENT_OUTSIDE_TOO_BIG', [0, 0], [HOUR, 0]);
    const error = arriving([shim, icmpError(1, 0, 0, new Uint8Array(1500))]);
    expectOutside(error, { dropped: 'outside-too-big' });
    for (const source of PEER_LOCATORS) {
      const frame = arriving([shim, udp(1500)], { source });
      expectOutside(frame, { answered: answer(frame, { mtu: 1508 }) });
      expectOutside(frame, { dropped: 'outside-too-big' });
    }
  });
});

test('the checksum is right for whatever is quoted', () => {
  standardLinks();
  const random = seededRandom(20);
  const fills: ((index: number) => number)[] = [() => 0, () => 255, () => Math.floor(random() * 256)];
  for (let round = 0; round < 300; round++) {
    const octets = Uint8Array.from({ length: 1500 }, (_, index) => fills[Math.min(round, 2)]!(index));
    const { data } = dataPath.run('inside', sent([upper(253, octets)]));
    assert.equal(data.length, 14 + 1280);
    assert.ok(isSummed(data.slice(14), NextHeader.icmp6), `round ${round}`);
  }
});
