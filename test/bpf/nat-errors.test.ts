/** NATv6 and the ICMPv6 errors that pass it. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { checksumMiddle, echo, icmpError, segment, summed, summedPacket, upper } from './checksummed.ts';
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

const { HOST, LOCATORS, toHost, fromProvider } = lab;
const { NextHeader, concat, counting } = packets;

describe('ICMPv6 errors (RFC 4443 §3): the packet they quote is translated, too', () => {
  beforeEach(() => natTables());
  const quotes: readonly (readonly [string, Parts])[] = [
    ['TCP', [segment(Flag.ack, 30)]],
    ['UDP', [udp()]],
    ['UDP without checksum', [upper(NextHeader.udp, concat([0x9c, 0x40, 0, 53, 0, 12, 0, 0], counting(4)))]],
    ['an echo', [echo(128)]],
    ['SCTP', [typed(132)]],
    ['UDP behind extension headers', [packets.hopByHop(), packets.routing(), udp()]],
    ['a later fragment', [packets.fragment(1448, true), typed(NextHeader.udp)]],
  ];
  const errors: readonly (readonly [number, number, number])[] = [
    [1, 4, 0],
    [2, 0, 1280],
    [3, 0, 0],
    [4, 1, 6],
  ];
  const unsummed = (name: string) => /without|later/.test(name);
  for (const [name, parts] of quotes) {
    const make = unsummed(name) ? packets.packet : summedPacket;
    test(`about ${name}, to the host that sent it`, () => {
      for (const [type, code, word] of errors) {
        const { arrives, delivered } = inbound((_, destination) => [
          icmpError(type, code, word, make({ source: destination, destination: PEER, parts })),
        ]);
        lab.expectOutcome(dataPath, 'outside', arrives, { forwarded: delivered() });
      }
    });
    test(`about ${name}, by the host that got it`, () => {
      for (const [type, code, word] of errors) {
        const { sent, leaves } = outbound((source) => [
          icmpError(type, code, word, make({ source: PEER, destination: source, parts })),
        ]);
        lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves() });
      }
    });
    test(`about ${name}, cut anywhere behind the quoted header`, () => {
      const whole = make({ source: PEER, destination: HOST, parts });
      for (let length = 40; length <= whole.length; length++) {
        // One octet of a checksum says nothing, and stays.
        if (!unsummed(name) && length === checksumMiddle(parts)) continue;
        const { sent, leaves } = outbound((source) => [
          icmpError(1, 4, 0, make({ source: PEER, destination: source, parts }).slice(0, length)),
        ]);
        // Without its checksum the quoted packet is translated as far as it goes.
        const { data, verdict } = dataPath.run('inside', sent);
        assert.equal(verdict, 4);
        const [expected] = [leaves()];
        assert.deepEqual(
          Buffer.from(data).toString('hex'),
          Buffer.from(expected).toString('hex'),
          `cut at ${length}`,
        );
      }
    });
  }

  test('the router in the middle may be anybody', () => {
    const quoted = (source: string) => summedPacket({ source, destination: PEER, parts: [udp()] });
    const router = '2001:db8:99::1';
    const parts = (destination: string) =>
      summed(router, destination, [icmpError(3, 0, 0, quoted(destination))]);
    const arrives = packets.frame({
      link: fromProvider(0),
      source: router,
      destination: LOCATORS[0],
      parts: parts(LOCATORS[0]),
    });
    const delivered = packets.frame({
      link: toHost,
      source: router,
      destination: HOST,
      hopLimit: 63,
      parts: parts(HOST),
    });
    lab.expectOutcome(dataPath, 'outside', arrives, { forwarded: delivered });
  });

  test('a quoted packet of somebody else is left alone', () => {
    const quoted = summedPacket({ source: '2001:db8:11::99', destination: PEER, parts: [udp()] });
    const { arrives, delivered } = inbound([icmpError(1, 0, 0, quoted)]);
    lab.expectOutcome(dataPath, 'outside', arrives, { forwarded: delivered() });
  });

  test('about a shimmed packet: not NATv6’s', () => {
    const quoted = packets.packet({
      source: LOCATORS[0],
      destination: PEER,
      parts: [packets.payloadHeader(lab.PEER_TAG), udp()],
    });
    const { arrives } = inbound([icmpError(1, 0, 0, quoted)]);
    lab.expectOutcome(dataPath, 'outside', arrives, { punted: 'icmp-error' });
  });
});
