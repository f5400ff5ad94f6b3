import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { errorForHost } from '../../../control/wire/icmp6/host-error.ts';
import { decodeIcmp6Error } from '../../../control/wire/icmp6/received-error.ts';
import { formatAddress, parseAddress } from '../../../control/wire/ipv6/address.ts';
import { afterOptions } from '../../../control/wire/ipv6/extension-headers.ts';
import { decodeIpv6Header, upperLayerChecksum } from '../../../control/wire/ipv6/header.ts';
import { DecodeError } from '../../../control/wire/octets.ts';
import * as lab from '../../bpf/fixtures.ts';
import * as packets from '../../bpf/packets.ts';
import { fromRouter, ROUTER } from './from-router.ts';

const ICMP6 = 58;
const BOX = 'fc00:db8:1::1';
const ends = { local: parseAddress(lab.HOST), peer: parseAddress(lab.PEER), box: parseAddress(BOX) };

const before = [packets.hopByHop(), packets.routing()];
const shimmed = (parts: readonly packets.Part[]) =>
  packets.packet({
    source: lab.LOCATORS[0],
    destination: lab.PEER_LOCATORS[0],
    hopLimit: 3,
    parts: [...before, packets.payloadHeader(lab.PEER_TAG), ...parts],
  });
const asSent = (parts: readonly packets.Part[]) =>
  packets.packet({ source: lab.HOST, destination: lab.PEER, hopLimit: 3, parts: [...before, ...parts] });

/** What the host gets. */
function told(packet: Uint8Array) {
  const error = decodeIcmp6Error(packet);
  const answer = errorForHost(error, afterOptions(error.invoking)!, ends);
  if (answer === undefined) return undefined;
  const header = decodeIpv6Header(answer)!;
  const message = answer.subarray(40);
  assert.equal(upperLayerChecksum(header.source, header.destination, ICMP6, message), 0);
  const view = new DataView(message.buffer, message.byteOffset);
  return {
    from: formatAddress(header.source),
    to: formatAddress(header.destination),
    hopLimit: header.hopLimit,
    error: [message[0], message[1], view.getUint32(4)],
    quoted: message.slice(8),
  };
}

describe('an error about a shimmed packet, for its host (RFC 5533 §8)', () => {
  const packet = shimmed([packets.udp(100)]);
  const [shim, behind] = [40 + 8 + 24, 40 + 8 + 24 + 8];

  test('is about the packet as the host sent it', () => {
    assert.deepEqual(told(fromRouter(packet, { type: 3 })), {
      from: ROUTER,
      to: lab.HOST,
      hopLimit: 63,
      error: [3, 0, 0],
      quoted: asSent([packets.udp(100)]),
    });
  });

  test('quotes a part where it got a part, with the length that the host knows', () => {
    const part = told(fromRouter(shimmed([packets.udp(1400)]).subarray(0, 500)))!;
    assert.deepEqual(part.quoted, asSent([packets.udp(1400)]).subarray(0, 492));
  });

  test('tells how large a packet of the host may be, and never less than 1280', () => {
    const mtu = (word: number) => told(fromRouter(packet, { type: 2, word }))!.error;
    assert.deepEqual(mtu(1400), [2, 0, 1392]);
    assert.deepEqual(mtu(1288), [2, 0, 1280]);
    assert.deepEqual(mtu(1280), [2, 0, 1280]);
  });

  test('points at what the host wrote; an error about the payload header is none about the host', () => {
    const pointed = (word: number, code = 1) => told(fromRouter(packet, { type: 4, code, word }))!.error;
    assert.deepEqual(pointed(41), [4, 1, 41]);
    assert.deepEqual(pointed(behind + 5, 0), [4, 0, behind + 5 - 8]);
    // The octet that announced SHIM6, and the header itself.
    for (const word of [48, shim, shim + 7]) assert.deepEqual(pointed(word), [1, 3, 0]);
  });

  test('comes from the peer where the peer sent it', () => {
    assert.equal(told(fromRouter(packet, { source: lab.PEER_LOCATORS[0] }))?.from, lab.PEER);
  });

  test('comes from the box where a router has none but its link-local address (RFC 4291 §2.5.6)', () => {
    for (const source of ['fe80::1', 'febf:ffff::1'])
      assert.equal(told(fromRouter(packet, { source }))?.from, BOX);
    assert.equal(told(fromRouter(packet, { source: 'fec0::1' }))?.from, 'fec0::1');
  });

  test('spends a hop', () => {
    assert.equal(told(fromRouter(packet, { hopLimit: 1 })), undefined);
  });
});

describe('what is no error', () => {
  const good = fromRouter(shimmed([packets.udp(100)]));

  test('one octet changed: the checksum tells', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, bits) => {
          const bad = good.slice();
          bad[at]! ^= bits;
          assert.throws(() => decodeIcmp6Error(bad), DecodeError);
        },
      ),
    );
  });

  test('any beginning of one', () => {
    for (let length = 0; length < good.length; length++) {
      assert.throws(() => decodeIcmp6Error(good.subarray(0, length)), DecodeError);
    }
  });
});
