/** NATv6: what leaves is what the host would have sent from its locator, and what arrives what it would have got. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { echo, segment, summed, upper } from './checksummed.ts';
import * as lab from './fixtures.ts';
import {
  dataPath,
  Flag,
  inbound,
  natTables,
  outbound,
  type Parts,
  PEER,
  typed,
  udp,
} from './nat-fixtures.ts';
import * as packets from './packets.ts';

const { HOST, LOCATORS, fromHost, toHost, fromProvider, toProvider } = lab;
const { NextHeader, concat, counting } = packets;

const PROTOCOLS: readonly (readonly [string, Parts])[] = [
  ['TCP', [segment(Flag.ack)]],
  ['UDP', [udp()]],
  ['UDP of an odd length', [udp(33)]],
  ['ICMPv6 echo request', [echo(128)]],
  ['ICMPv6 echo reply', [echo(129)]],
  ['SCTP', [typed(132)]],
  ['DCCP', [typed(33)]],
  ['UDP-Lite', [typed(136)]],
  ['Mobility Header', [typed(135)]],
  ['HIP', [typed(139)]],
  ['ESP', [packets.esp()]],
  ['AH', [packets.authentication(), segment(Flag.ack)]],
  ['an unknown protocol', [typed(253)]],
  ['no next header', []],
  ['Hop-by-Hop Options', [packets.hopByHop(3), udp()]],
  [
    'every extension header',
    [
      packets.hopByHop(),
      packets.destinationOptions(),
      packets.routing(),
      packets.destinationOptions(2),
      udp(),
    ],
  ],
];

describe('each protocol', () => {
  beforeEach(() => natTables());
  for (const [name, parts] of PROTOCOLS) {
    // AH ends what is looked at: nothing behind it is touched.
    const plain = name === 'AH' ? (): Parts => parts : parts;
    test(`${name}, outbound`, () => {
      const { sent, leaves } = name === 'AH' ? fixedOutbound(parts) : outbound(plain);
      lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves() });
    });
    test(`${name}, inbound`, () => {
      const { arrives, delivered } = name === 'AH' ? fixedInbound(parts) : inbound(plain);
      lab.expectOutcome(dataPath, 'outside', arrives, { forwarded: delivered() });
    });
  }

  /** Nothing but the addresses changes. */
  function fixedOutbound(parts: Parts) {
    const of = { destination: PEER, parts };
    return {
      sent: packets.frame({ link: fromHost, source: HOST, ...of }),
      leaves: () => packets.frame({ link: toProvider(0), source: LOCATORS[0], hopLimit: 63, ...of }),
    };
  }
  function fixedInbound(parts: Parts) {
    const of = { source: PEER, parts };
    return {
      arrives: packets.frame({ link: fromProvider(0), destination: LOCATORS[0], ...of }),
      delivered: () => packets.frame({ link: toHost, destination: HOST, hopLimit: 63, ...of }),
    };
  }

  test('an unknown protocol is counted as such', () => {
    const { nat } = dataPath.run('inside', outbound([typed(253)]).sent);
    assert.deepEqual(nat, { outbound: 1, 'unknown-protocol': 1 });
    assert.deepEqual(dataPath.run('inside', outbound([typed(132)]).sent).nat, { outbound: 1 });
  });

  test('a UDP datagram without checksum keeps none', () => {
    const parts = [upper(NextHeader.udp, concat([0x9c, 0x40, 0, 53, 0, 12, 0, 0], counting(4)))];
    const { sent, leaves } = fixedOutbound(parts);
    lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves() });
  });

  test('a UDP checksum that comes to zero is written as all ones', () => {
    // Every value of one word of data: among them is the one that makes the sum zero after translation.
    let seen = 0;
    for (let word = 0; word < 0x10000; word += 1) {
      const part = upper(NextHeader.udp, concat([0x9c, 0x40, 0, 53, 0, 10, 0, 0], [word >> 8, word & 255]));
      const [summedPart] = summed(LOCATORS[0], PEER, [part]);
      if (summedPart!.octets[6] !== 0xff || summedPart!.octets[7] !== 0xff) continue;
      const { sent, leaves } = outbound([part]);
      lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves() });
      seen++;
    }
    assert.equal(seen, 1);
  });

  test('fragments: the first one’s checksum is made up, later ones have none', () => {
    const whole = udp(1208);
    const of = (source: string): readonly (readonly packets.Part[])[] => {
      const [{ octets }] = summed(source, PEER, [whole]) as [packets.Part];
      const part = (from: number, to: number, more: boolean) => [
        packets.fragment(from, more),
        upper(NextHeader.udp, octets.slice(from, to)),
      ];
      return [part(0, 608, true), part(608, 1208, false)];
    };
    for (const index of [0, 1]) {
      const sent = packets.frame({
        link: fromHost,
        source: HOST,
        destination: PEER,
        parts: of(HOST)[index]!,
      });
      const leaves = packets.frame({
        link: toProvider(0),
        source: LOCATORS[0],
        destination: PEER,
        hopLimit: 63,
        parts: of(LOCATORS[0])[index]!,
      });
      lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves });
    }
  });

  test('tagged links, and padding behind the packet', () => {
    lab.setPort(dataPath.tables, 0, { vlan: 7 });
    const { sent, leaves } = outbound([udp()], { padding: 6 });
    const link = { ...toProvider(0), vlan: 7 };
    lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves(0, { link, padding: 6 }) });
    const back = inbound([udp()], 0, { link: { ...fromProvider(0), vlan: 7 }, padding: 5 });
    lab.expectOutcome(dataPath, 'outside', back.arrives, { forwarded: back.delivered({ padding: 5 }) });
  });

  test('checksum-neutral locators change no checksum (RFC 6296 §3.1)', () => {
    // Both addresses have the same sum.
    const neutral = 'fc00:db8:1::5'.replace('fc00', '2001').replace('::5', ':0:0:0:0:dc04');
    dataPath.nat.setHost(
      parseAddress('fc00:db8:1::5'),
      [{ address: parseAddress(neutral), uplink: 0 }],
      undefined,
    );
    const parts = [typed(33)];
    const sent = packets.frame({ link: fromHost, source: 'fc00:db8:1::5', destination: PEER, parts });
    const leaves = packets.frame({
      link: toProvider(0),
      source: neutral,
      destination: PEER,
      hopLimit: 63,
      parts,
    });
    lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves });
  });
});

describe('which packets are translated', () => {
  beforeEach(() => natTables());
  const to = (destination: string, source = HOST) =>
    packets.frame({ link: fromHost, source, destination, parts: [udp()] });
  for (const [name, destination] of [
    ['multicast', 'ff0e::1'],
    ['link-local', 'fe80::1'],
    ['loopback', '::1'],
    ['unspecified', '::'],
    ['the box by a provider’s address', '2001:db8:11:ffff::2'],
    ['another host by its locator', '2001:db8:12::99'],
    ['a host of the site', lab.NEIGHBOUR],
  ] as const) {
    test(`not to ${name}`, () => lab.expectOutcome(dataPath, 'inside', to(destination), 'passed'));
  }
  test('not from an address that is no host’s', () => {
    lab.expectOutcome(dataPath, 'inside', to(PEER, lab.NEIGHBOUR), 'passed');
    lab.expectOutcome(dataPath, 'inside', to(PEER, '2001:db8:11::11'), 'passed');
  });
  test('not to the box’s own addresses', () => {
    const frame = packets.frame({
      link: fromProvider(0),
      source: PEER,
      destination: '2001:db8:11:ffff::2',
      parts: [udp()],
    });
    lab.expectOutcome(dataPath, 'outside', frame, 'passed');
  });
  test('not by way of a host: a Routing header with segments left', () => {
    const { arrives } = inbound([packets.routing(1), udp()]);
    lab.expectOutcome(dataPath, 'outside', arrives, 'passed');
  });
  test('none while NATv6 is off', () => {
    dataPath.resetNat();
    lab.expectOutcome(dataPath, 'inside', outbound([udp()]).sent, 'passed');
    lab.expectOutcome(dataPath, 'outside', inbound([udp()]).arrives, 'passed');
  });
  test('not those of a host that is gone', () => {
    dataPath.nat.removeHost(parseAddress(HOST));
    lab.expectOutcome(dataPath, 'inside', outbound([udp()]).sent, 'passed');
    lab.expectOutcome(dataPath, 'outside', inbound([udp()]).arrives, 'passed');
  });
});

describe('limits', () => {
  beforeEach(() => natTables());
  const big = (length: number) => udp(length - 40);
  test('hop limit', () => {
    for (const hopLimit of [0, 1]) {
      const { sent } = outbound([udp()], { hopLimit });
      lab.expectOutcome(dataPath, 'inside', sent, { punted: 'hop-limit' });
      const { arrives } = inbound([udp()], 0, { hopLimit });
      lab.expectOutcome(dataPath, 'outside', arrives, { punted: 'outside-hop-limit' });
    }
  });
  test('the uplink’s MTU: no header is added', () => {
    const fits = outbound([big(1500)]);
    lab.expectOutcome(dataPath, 'inside', fits.sent, { forwarded: fits.leaves() });
    lab.expectOutcome(dataPath, 'inside', outbound([big(1501)]).sent, { punted: 'too-big', mtu: 1500 });
    lab.setUplink(dataPath.tables, 0, { mtu: 1280 });
    lab.expectOutcome(dataPath, 'inside', outbound([big(1281)]).sent, { punted: 'too-big', mtu: 1280 });
  });
  test('the MTU toward the host', () => {
    lab.setPort(dataPath.tables, lab.HOST_PORT, { mtu: 1400 });
    const { arrives } = inbound([big(1401)]);
    lab.expectOutcome(dataPath, 'outside', arrives, { punted: 'outside-too-big', mtu: 1400 });
    const fits = inbound([big(1400)]);
    lab.expectOutcome(dataPath, 'outside', fits.arrives, { forwarded: fits.delivered() });
  });
  test('a host not yet found: the kernel delivers, and lowers the hop limit', () => {
    natTables({ host: false });
    const { arrives, delivered } = inbound([udp()]);
    const toKernel = delivered({ link: fromProvider(0), hopLimit: 64 });
    lab.expectOutcome(dataPath, 'outside', arrives, { toKernel });
  });
  test('the interface has gone', () => {
    lab.setPort(dataPath.tables, 0, { redirect: false });
    lab.expectOutcome(dataPath, 'inside', outbound([udp()]).sent, { dropped: 'no-port' });
    lab.setPort(dataPath.tables, lab.HOST_PORT, { redirect: false });
    lab.expectOutcome(dataPath, 'outside', inbound([udp()]).arrives, { dropped: 'no-port' });
  });
  test('too many extension headers', () => {
    const parts = [...Array.from({ length: 9 }, () => packets.destinationOptions()), udp()];
    lab.expectOutcome(dataPath, 'inside', outbound(parts).sent, { dropped: 'extension-headers' });
  });
  test('an extension header longer than the packet', () => {
    const { sent } = outbound([packets.destinationOptions(), udp()]);
    sent[14 + 40 + 1] = 40;
    lab.expectOutcome(dataPath, 'inside', sent, { dropped: 'malformed' });
  });
});
