/** RFC 8200, what of it is a router's, section by section, through the programs. */
import { after, beforeEach, describe, test } from 'node:test';
import { DataPath } from '../bpf/data-path.ts';
import * as lab from '../bpf/fixtures.ts';
import * as packets from '../bpf/packets.ts';

const { NextHeader, concat, counting } = packets;
const dataPath = new DataPath();
after(() => dataPath.close());
beforeEach(() => void lab.standardTables(dataPath));

type Parts = readonly packets.Part[];
type Fields = Partial<packets.FrameFields>;
const fromHost = (parts: Parts, fields: Fields = {}) =>
  packets.frame({ link: lab.fromHost, source: lab.HOST, destination: lab.PEER, parts, ...fields });
const toProvider = (parts: Parts, fields: Fields = {}) =>
  packets.frame({
    link: lab.toProvider(0),
    source: lab.LOCATORS[0],
    destination: lab.PEER_LOCATORS[0],
    hopLimit: 63,
    parts,
    ...fields,
  });
const fromProvider = (parts: Parts, fields: Fields = {}) =>
  packets.frame({
    link: lab.fromProvider(0),
    source: lab.PEER_LOCATORS[0],
    destination: lab.LOCATORS[0],
    parts,
    ...fields,
  });
const toHost = (parts: Parts, fields: Fields = {}) =>
  packets.frame({
    link: lab.toHost,
    source: lab.PEER,
    destination: lab.HOST,
    hopLimit: 63,
    parts,
    ...fields,
  });

const shim = packets.payloadHeader(lab.PEER_TAG);
const ours = packets.payloadHeader(lab.LOCAL_TAG);

/** `before` stands in front of the payload header, `behind` follows it. */
function expectCarried(before: Parts, behind: Parts, fields: Fields = {}): void {
  lab.expectOutcome(dataPath, 'inside', fromHost([...before, ...behind], fields), {
    forwarded: toProvider([...before, shim, ...behind], fields),
  });
  lab.expectOutcome(dataPath, 'outside', fromProvider([...before, ours, ...behind], fields), {
    forwarded: toHost([...before, ...behind], fields),
  });
}

const withByte = (frame: Uint8Array, at: number, octet: number) => {
  const changed = Uint8Array.from(frame);
  changed[at] = octet;
  return changed;
};
const IPV6_AT = 14;

describe('RFC 8200 §3: the IPv6 header', () => {
  for (const version of [0, 4, 5, 7, 15])
    test(`version ${version} is none`, () => {
      const first = (version << 4) | 0xb;
      const dropped = { dropped: 'malformed' } as const;
      lab.expectOutcome(dataPath, 'inside', withByte(fromHost([packets.udp()]), IPV6_AT, first), dropped);
      const arriving = withByte(fromProvider([ours, packets.udp()]), IPV6_AT, first);
      lab.expectOutcome(dataPath, 'outside', arriving, dropped);
    });
  for (const [name, at, octet] of [
    ['traffic class', 1, 0x41],
    ['flow label, all ones', 2, 0xff],
    ['flow label, zero', 3, 0],
  ] as const)
    test(`${name}: as it came`, () => {
      const change = (frame: Uint8Array) => withByte(frame, IPV6_AT + at, octet);
      lab.expectOutcome(dataPath, 'inside', change(fromHost([packets.udp()])), {
        forwarded: change(toProvider([shim, packets.udp()])),
      });
      lab.expectOutcome(dataPath, 'outside', change(fromProvider([ours, packets.udp()])), {
        forwarded: change(toHost([packets.udp()])),
      });
    });
  test('a payload length of zero: there is a header and no more', () => {
    expectCarried([], []);
  });
  test('a payload length beyond the frame', () => {
    const input = fromHost([packets.udp()], { payloadLength: 21 });
    lab.expectOutcome(dataPath, 'inside', input, { dropped: 'malformed' });
  });
  for (const hopLimit of [64, 255])
    test(`hop limit ${hopLimit} is spent by one`, () => {
      lab.expectOutcome(dataPath, 'inside', fromHost([packets.udp()], { hopLimit }), {
        forwarded: toProvider([shim, packets.udp()], { hopLimit: hopLimit - 1 }),
      });
    });
});

describe('RFC 8200 §4.2: options that nobody here knows are for others to judge', () => {
  // The two highest bits: skip, discard, discard and tell, discard and tell unless multicast; 0x20: may change.
  for (const type of [0x1e, 0x3e, 0x5e, 0x9e, 0xde])
    test(`of type ${type}`, () => {
      const options = (header: number): packets.Part => ({
        type: header,
        octets: concat([0, 0, type, 4], counting(4)),
        chained: true,
      });
      expectCarried([options(NextHeader.hopByHop)], [packets.udp()]);
      expectCarried([], [options(NextHeader.destinationOptions), packets.udp()]);
    });
});

describe('RFC 8200 §4.4: Routing headers', () => {
  for (const type of [0, 2, 3, 4, 253])
    test(`of type ${type}, at its end`, () => {
      const header: packets.Part = {
        type: NextHeader.routing,
        octets: concat([0, 2, type, 0], counting(20)),
        chained: true,
      };
      expectCarried([header], [packets.udp()]);
    });
  test('with segments left: another node is to read what is behind it', () => {
    const parts = [packets.routing(1), ours, packets.udp()];
    lab.expectOutcome(dataPath, 'outside', fromProvider(parts), 'passed');
  });
});

describe('RFC 8200 §4.5: fragments stay what they are', () => {
  for (const [name, offset, more] of [
    ['the first', 0, true],
    ['one between', 1232, true],
    ['the last', 2464, false],
    ['the only one', 0, false],
  ] as const)
    test(name, () => {
      const part: packets.Part = { type: NextHeader.udp, octets: packets.counting(80), chained: false };
      expectCarried([], [packets.fragment(offset, more), part]);
      expectCarried([packets.hopByHop(), packets.routing()], [packets.fragment(offset, more), part]);
    });
  test('a first one with headers behind the Fragment header', () => {
    expectCarried([], [packets.fragment(0, true), packets.destinationOptions(), packets.udp(80)]);
  });
});

describe('RFC 8200 §4.7: No Next Header', () => {
  test('what follows it is passed on unchanged', () => {
    expectCarried([], [{ type: NextHeader.none, octets: counting(24), chained: false }]);
  });
  test('also behind options', () => {
    const rest: packets.Part = { type: NextHeader.none, octets: counting(24), chained: false };
    expectCarried([packets.hopByHop()], [packets.destinationOptions(), rest]);
  });
});

describe('RFC 8200 §4.8: new headers', () => {
  for (const type of [135, 139, 253, 254])
    test(`${type} is not followed, nor read`, () => {
      expectCarried([], [{ type, octets: concat([NextHeader.udp, 0], counting(30)), chained: false }]);
    });
});

describe('RFC 8200 §5: packets of 1280 octets go everywhere', () => {
  const size = (octets: number) => [packets.udp(octets - 40)];
  for (const octets of [1273, 1280])
    test(`${octets} octets where only the payload header makes too many of them: the controller fragments`, () => {
      lab.setUplink(dataPath.tables, 0, { mtu: 1280 });
      lab.expectOutcome(dataPath, 'inside', fromHost(size(octets)), { punted: 'fragment', mtu: 1272 });
    });
  test('1272 octets have room', () => {
    lab.setUplink(dataPath.tables, 0, { mtu: 1280 });
    lab.expectOutcome(dataPath, 'inside', fromHost(size(1272)), {
      forwarded: toProvider([shim, ...size(1272)]),
    });
  });
  test('1281 octets need not go', () => {
    lab.setUplink(dataPath.tables, 0, { mtu: 1280 });
    lab.expectOutcome(dataPath, 'inside', fromHost(size(1281)), { punted: 'too-big', mtu: 1272 });
  });
  test('nothing is ever fragmented on the way to a host', () => {
    lab.setPort(dataPath.tables, lab.HOST_PORT, { mtu: 1280 });
    const input = fromProvider([ours, ...size(1281)]);
    lab.expectOutcome(dataPath, 'outside', input, { punted: 'outside-too-big', mtu: 1288 });
  });
});
