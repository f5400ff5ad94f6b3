import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import * as packets from './packets.ts';

const CONTEXT = packets.context(1);

/** Ones' complement sum over pseudo-header and datagram: 0xffff when the checksum is right (RFC 8200 §8.1). */
function checksum(
  frame: Uint8Array,
  source = frame.subarray(22, 38),
  destination = frame.subarray(38, 54),
  start = 54,
) {
  const datagram = frame.subarray(start);
  const covered = Uint8Array.from([...source, ...destination, 0, datagram.length, 0, 17, ...datagram]);
  let sum = 0;
  for (let index = 0; index < covered.length; index += 2) sum += (covered[index]! << 8) | covered[index + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

const source = (frame: Uint8Array) => formatAddress(frame.subarray(22, 38));

describe('frames of the benchmark', () => {
  it('have the lengths that the generator makes', () => {
    assert.equal(packets.hostFrame(CONTEXT).length, packets.HOST_FRAME_LENGTH);
    assert.equal(packets.insertedFrame(CONTEXT).length, packets.SHIM_FRAME_LENGTH);
    assert.equal(packets.strippedFrame(CONTEXT).length, packets.HOST_FRAME_LENGTH);
  });

  it('have right checksums as hosts and the kernel send them', () => {
    const { hostFrame, strippedFrame, forwardedFrame, prefixTranslatedFrame } = packets;
    for (const make of [hostFrame, strippedFrame, forwardedFrame, prefixTranslatedFrame]) {
      for (const number of [0, 1, 2, 12345, 0xffff_ffff]) {
        assert.equal(checksum(make(packets.context(number))), 0xffff, `${make.name} ${number}`);
      }
    }
  });

  it('keep the checksum over the ULIDs behind the payload header', () => {
    const frame = packets.insertedFrame(CONTEXT);
    assert.equal(checksum(frame, CONTEXT.localUlid, CONTEXT.peerUlid, 62), 0xffff);
    assert.equal(frame[20], 140);
    assert.deepEqual(
      [...frame.subarray(54, 58)],
      [17, 0, 0x80 | (CONTEXT.tag.high >> 8), CONTEXT.tag.high & 0xff],
    );
  });

  it('translate the prefix and correct the subnet, as RFC 6296 §3.4 asks', () => {
    // 0xfc00 + 0xdb8 + 1 = 0x09ba, 0x2001 + 0xdb8 + 0x11 = 0x2dca; 0x09ba - 0x2dca = 0xdbef in ones' complement.
    assert.match(source(packets.prefixTranslatedFrame(CONTEXT)), /^2001:db8:11:dbef:/);
  });
});
