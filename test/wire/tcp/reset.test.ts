import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeTcpReset } from '../../../control/wire/tcp/reset.ts';
import { isSummed, segment, summedPacket } from '../../bpf/checksummed.ts';
import * as packets from '../../bpf/packets.ts';

const [HOST, PEER] = ['fc00:db8:1::11', '2001:db8:f::80'];
const sent = (...parts: packets.Part[]) => summedPacket({ source: HOST, destination: PEER, parts });
const ACK = 0x10;

test('a reset comes from the peer and holds what the host expects next', () => {
  for (const parts of [[segment(ACK)], [packets.hopByHop(), packets.routing(), segment(ACK, 0)]]) {
    const reset = encodeTcpReset(sent(...parts))!;
    assert.equal(reset.length, 60);
    assert.deepEqual(reset.slice(8, 24), sent(segment(ACK)).slice(24, 40));
    assert.deepEqual(reset.slice(24, 40), sent(segment(ACK)).slice(8, 24));
    // Ports exchanged, SEQ = SEG.ACK, no ACK, RST alone, no window.
    assert.deepEqual([...reset.slice(40, 56)], [0, 80, 0x9c, 0x40, 5, 6, 7, 8, 0, 0, 0, 0, 0x50, 4, 0, 0]);
    assert.ok(isSummed(reset, packets.NextHeader.tcp));
  }
});

test('nothing is answered with a reset that is not of a connection', () => {
  const { udp, fragment } = packets;
  for (const parts of [
    [segment(0x02)],
    [segment(0x14)],
    [segment(0)],
    [udp()],
    [fragment(8, true), segment(ACK)],
  ])
    assert.equal(encodeTcpReset(sent(...parts)), undefined);
  assert.equal(encodeTcpReset(sent(segment(ACK)).slice(0, 59)), undefined);
});
