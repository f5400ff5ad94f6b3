/** NATv6: by which provider a flow leaves, and that it keeps it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { echo, icmpError, segment, summedPacket, upper } from './checksummed.ts';
import * as lab from './fixtures.ts';
import { dataPath, Flag, inbound, natTables, outbound, type Parts, PEER, udp } from './nat-fixtures.ts';
import * as packets from './packets.ts';

const { NextHeader, concat, counting } = packets;

describe('which provider', () => {
  const down = (uplink: 0 | 1) => lab.setUplink(dataPath.tables, uplink, { up: false });
  const up = (uplink: 0 | 1) => lab.setUplink(dataPath.tables, uplink, {});
  const expectLeaves = (parts: Parts, uplink: 0 | 1) => {
    const { sent, leaves } = outbound(parts);
    lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves(uplink) });
  };
  const deliver = (parts: Parts, uplink: 0 | 1) => {
    const { arrives, delivered } = inbound(parts, uplink);
    lab.expectOutcome(dataPath, 'outside', arrives, { forwarded: delivered() });
  };
  const reply = segment(Flag.synAck, 0, true);

  test('the first of the bucket’s list', () => {
    natTables({ prefer: 'second' });
    expectLeaves([udp()], 1);
  });
  test('the next one while it is down', () => {
    natTables();
    down(0);
    expectLeaves([udp()], 1);
    expectLeaves([segment(Flag.syn)], 1);
    up(0);
    expectLeaves([udp()], 0);
  });
  test('all down', () => {
    natTables();
    down(0);
    down(1);
    lab.expectOutcome(dataPath, 'inside', outbound([udp()]).sent, { punted: 'no-uplink' });
  });
  test('a connection whose provider is down is reported, one that begins is not', () => {
    natTables();
    down(0);
    lab.expectOutcome(dataPath, 'inside', outbound([segment(Flag.ack)]).sent, { punted: 'nat-lost' });
    expectLeaves([segment(Flag.rst | Flag.ack)], 1);
  });
  test('a connection whose provider is down is not reported when that is the policy', () => {
    natTables({ silent: true });
    down(0);
    expectLeaves([segment(Flag.ack)], 1);
  });
  test('a connection that began on the second keeps it, also when the first is back', () => {
    natTables();
    down(0);
    expectLeaves([segment(Flag.syn)], 1);
    deliver([reply], 1);
    expectLeaves([segment(Flag.ack)], 1);
    up(0);
    expectLeaves([segment(Flag.ack)], 1);
    down(1);
    lab.expectOutcome(dataPath, 'inside', outbound([segment(Flag.ack)]).sent, { punted: 'nat-lost' });
  });
  test('a connection that a peer opens to the second locator is answered from it', () => {
    natTables();
    deliver([segment(Flag.syn, 0, true)], 1);
    expectLeaves([segment(Flag.synAck)], 1);
    assert.deepEqual(dataPath.run('outside', inbound([reply], 1).arrives).nat, { inbound: 1 });
  });
  test('an echo to the second locator is answered from it, and by its identifier alone', () => {
    natTables();
    deliver([echo(128)], 1);
    expectLeaves([echo(129)], 1);
    expectLeaves([echo(129, 0x4243)], 0);
  });
  test('an error about a packet to the second locator leaves by it', () => {
    natTables();
    const query = [upper(NextHeader.udp, concat([0, 53, 0x9c, 0x40, 0, 12, 0, 0], counting(4)))];
    deliver(query, 1);
    const error = (source: string) => [
      icmpError(1, 4, 0, summedPacket({ source: PEER, destination: source, parts: query })),
    ];
    const { sent, leaves } = outbound(error);
    lab.expectOutcome(dataPath, 'inside', sent, { forwarded: leaves(1) });
  });
  test('an ICMPv6 error makes no flow another provider’s', () => {
    natTables();
    const { arrives } = inbound(
      (_, destination) => [
        icmpError(1, 0, 0, summedPacket({ source: destination, destination: PEER, parts: [udp()] })),
      ],
      1,
    );
    dataPath.run('outside', arrives);
    expectLeaves([udp()], 0);
  });
});
