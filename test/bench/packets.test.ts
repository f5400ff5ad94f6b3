import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import * as packets from './packets.ts';
import { longestFrame } from './traffic.ts';

const CONTEXT = packets.context(1);

/** Ones' complement sum over pseudo-header and datagram: 0xffff when the checksum is right (RFC 8200 §8.1). */
function checksum(
  frame: Uint8Array,
  source = frame.subarray(22, 38),
  destination = frame.subarray(38, 54),
  start = 54,
) {
  const datagram = frame.subarray(start);
  const covered = Uint8Array.from([
    ...source,
    ...destination,
    datagram.length >> 8,
    datagram.length & 0xff,
    0,
    17,
    ...datagram,
  ]);
  let sum = 0;
  for (let index = 0; index < covered.length; index += 2) sum += (covered[index]! << 8) | covered[index + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describe('frames of the benchmark', () => {
  it('have the lengths that the generator makes', () => {
    for (const [length, vlan] of [
      [10, 0],
      [536, 0],
      [1452, 0],
      [10, 5],
    ] as const) {
      const wire = { lengths: [length], vlan };
      const octets = (frame: Uint8Array) => packets.tagged(frame, vlan).length;
      assert.equal(octets(packets.hostFrame(CONTEXT, length)), longestFrame('inside', wire));
      assert.equal(octets(packets.insertedFrame(CONTEXT, length)), longestFrame('outside', wire));
      assert.equal(octets(packets.tunnelledFrame(CONTEXT, length)), longestFrame('tunnelled', wire));
      assert.equal(octets(packets.strippedFrame(CONTEXT, length)), longestFrame('inside', wire));
    }
    assert.equal(longestFrame('inside', { lengths: [packets.LEAST_DATAGRAM], vlan: 0 }), 64);
  });

  it('bear the tag behind the Ethernet addresses', () => {
    const frame = packets.hostFrame(CONTEXT, 10);
    const tagged = packets.tagged(frame, 5);
    assert.deepEqual([...tagged.subarray(12, 18)], [0x81, 0, 0, 5, 0x86, 0xdd]);
    assert.deepEqual(tagged.subarray(16), frame.subarray(12));
    assert.equal(packets.tagged(frame, 0), frame);
  });

  it('have right checksums as hosts and the kernel send them', () => {
    const { hostFrame, strippedFrame, forwardedFrame } = packets;
    for (const length of [10, 536, 1452])
      for (const number of [0, 1, 2, 12345, 0xffff_ffff]) {
        const context = packets.context(number);
        const ends = { source: packets.prefixTranslated(context.localUlid), destination: context.peerUlid };
        const frames = [
          hostFrame(context, length),
          strippedFrame(context, length),
          forwardedFrame(ends, length),
        ];
        for (const frame of frames) assert.equal(checksum(frame), 0xffff, `${number}, ${length} octets`);
      }
  });

  it('keep the checksum over the ULIDs behind the payload header', () => {
    const frame = packets.insertedFrame(CONTEXT, 10);
    assert.equal(checksum(frame, CONTEXT.localUlid, CONTEXT.peerUlid, 62), 0xffff);
    assert.equal(frame[20], 140);
    assert.deepEqual(
      [...frame.subarray(54, 58)],
      [17, 0, 0x80 | (CONTEXT.tag.high >> 8), CONTEXT.tag.high & 0xff],
    );
  });

  it('are tunnelled with traffic class and flow label of their own (RFC 6040 §4.1)', () => {
    const inner = packets.insertedFrame(CONTEXT, 10);
    const frame = packets.tunnelledFrame(CONTEXT, 10);
    assert.deepEqual(frame.subarray(54), inner.subarray(14));
    assert.deepEqual(frame.subarray(0, 18), inner.subarray(0, 18), 'traffic class and flow label');
    assert.notEqual((frame[15]! & 0x0f) | frame[16]! | frame[17]!, 0, 'that can be told from none');
    assert.deepEqual([...frame.subarray(18, 22)], [0, 58, 41, 64]);
    const ends = [frame.subarray(22, 38), frame.subarray(38, 54)].map(formatAddress);
    assert.deepEqual(ends, ['fd00:db8:1:b::1', 'fd00:db8:1:b::e1']);
  });

  it('translate the prefix and correct the subnet, as RFC 6296 §3.4 asks', () => {
    // 0xfc00 + 0xdb8 + 1 = 0x09ba, 0x2001 + 0xdb8 + 0x11 = 0x2dca; 0x09ba - 0x2dca = 0xdbef in ones' complement.
    assert.match(formatAddress(packets.prefixTranslated(CONTEXT.localUlid)), /^2001:db8:11:dbef:/);
  });

  it('are translated without a change of the checksum (RFC 6296 §3.1)', () => {
    for (const number of [1, 2, 12345]) {
      const { localUlid: source, peerUlid: destination } = packets.context(number);
      const before = packets.forwardedFrame({ source, destination }, 10);
      const after = packets.forwardedFrame({ source: packets.prefixTranslated(source), destination }, 10);
      assert.deepEqual(after.subarray(54), before.subarray(54));
    }
  });
});
