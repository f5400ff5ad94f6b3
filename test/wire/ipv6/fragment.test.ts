import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fragment } from '../../../control/wire/ipv6/fragment.ts';
import * as packets from '../../bpf/packets.ts';

const IDENTIFICATION = 0xdeadbeef;
const build = (parts: readonly packets.Part[]) =>
  packets.packet({ source: 'fc00:db8:1::11', destination: 'fc00:db8:2::22', parts });

/** What a receiver makes of fragments whose headers before the Fragment header have `before` octets (RFC 8200 §4.5). */
function reassemble(fragments: readonly Uint8Array[], before: number, pointer: number): Uint8Array {
  const data: number[] = [];
  let next = 0;
  for (const [index, octets] of fragments.entries()) {
    const view = new DataView(octets.buffer, octets.byteOffset);
    assert.equal(view.getUint16(4) + 40, octets.length);
    assert.equal(octets[pointer], 44);
    const field = view.getUint16(before + 2);
    assert.equal(field & 1, index === fragments.length - 1 ? 0 : 1);
    assert.equal(field & ~7, data.length);
    assert.equal(view.getUint32(before + 4), IDENTIFICATION);
    next = octets[before]!;
    data.push(...octets.subarray(before + 8));
  }
  const whole = Uint8Array.from([...fragments[0]!.subarray(0, before), ...data]);
  whole[pointer] = next;
  new DataView(whole.buffer).setUint16(4, whole.length - 40);
  return whole;
}

test('fragments fit, and are the packet again when put together', () => {
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 1240 }), fc.integer({ min: 600, max: 1400 }), (length, mtu) => {
      const packet = build([packets.udp(length)]);
      const fragments = fragment(packet, mtu, IDENTIFICATION)!;
      assert.ok(fragments.every((octets) => octets.length <= mtu));
      assert.deepEqual(reassemble(fragments, 40, 6), packet);
    }),
  );
});

test('headers that every router may read are in every fragment, the others in the first', () => {
  const before = [packets.hopByHop(2), packets.destinationOptions(), packets.routing()];
  const packet = build([...before, packets.destinationOptions(1, 0x70), packets.udp(1100)]);
  const end = 40 + 16 + 8 + 24;
  const fragments = fragment(packet, 700, IDENTIFICATION)!;
  assert.equal(fragments.length, 2);
  assert.deepEqual(reassemble(fragments, end, end - 24), packet);
});

test('a fragment is split into fragments of the same packet', () => {
  const packet = build([packets.fragment(1240, true), packets.udp(1224)]);
  const fields = fragment(packet, 1272, 1)!.map((octets) => {
    const view = new DataView(octets.buffer);
    return [view.getUint16(42), view.getUint32(44), octets.length];
  });
  // 1224 octets of data: 1224 fit into 1272 beside 48 octets of headers.
  assert.deepEqual(fields, [[1240 | 1, IDENTIFICATION, 1272]]);
  const smaller = fragment(packet, 1000, 1)!.map((octets) => new DataView(octets.buffer).getUint16(42));
  assert.deepEqual(smaller, [1240 | 1, (1240 + 952) | 1]);
  const last = fragment(build([packets.fragment(1240, false), packets.udp(1224)]), 1000, 1)!;
  assert.equal(new DataView(last[1]!.buffer).getUint16(42), 1240 + 952);
});

test('no fragments of what cannot be followed, or has no room', () => {
  const cut = build([packets.hopByHop(9), packets.udp()]).subarray(0, 60);
  assert.equal(fragment(cut, 1272, 1), undefined);
  assert.equal(fragment(build([packets.hopByHop(20), packets.udp(400)]), 200, 1), undefined);
});
