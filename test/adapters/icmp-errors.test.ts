/** ICMPv6 errors about what a box sent, with the real core behind them (RFC 5533 §8). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IcmpErrorActions, IcmpErrors } from '../../control/adapters/icmp-errors.ts';
import { type Address, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { decodeIpv6Header, encodeIpv6, NextHeader } from '../../control/wire/ipv6/header.ts';
import * as packets from '../bpf/packets.ts';
import { Pair } from '../shim6/pair.ts';
import { fromRouter, ROUTER } from '../wire/icmp6/from-router.ts';

/** A's box after an establishment with B, and what its errors cause. */
function box({ deliverAll = true, testsPath = false, pair = established() } = {}) {
  const calls: string[] = [];
  const told: Uint8Array[] = [];
  const { core } = pair.a;
  const text = (...words: readonly (Address | string | number)[]) =>
    calls.push(words.map((word) => (word instanceof Uint8Array ? formatAddress(word) : word)).join(' '));
  const actions: IcmpErrorActions = {
    contextSending: (tag, local, peer) => core.contextSending(tag, local, peer),
    handleUnrecognizedNextHeader: (error) => core.handleUnrecognizedNextHeader(pair.now, error),
    learnPathMtu: (local, peer, mtu) => text('mtu', local, peer, mtu),
    testPath: (context, local, peer) => {
      text('test', context.peer, local, peer);
      return testsPath;
    },
    insideAddress: () => parseAddress('fc00:db8:1::1'),
    deliver: (host, packet) => {
      assert.deepEqual(host, pair.a.host.ulid);
      told.push(packet);
      return true;
    },
  };
  const errors = new IcmpErrors(actions, deliverAll);
  return { errors, calls, told, pair };
}

function established(): Pair {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  return pair;
}

const LOCAL = '2001:db8:11::1';
const PEER = '2001:db8:21::2';

/** A packet that A's box sent for its host. */
function shimmed(pair: Pair, length = 1400, { source = LOCAL, destination = PEER } = {}): Uint8Array {
  const context = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
  const parts = [packets.payloadHeader(context.peerTag), packets.udp(length)];
  return packets.packet({ source, destination, parts });
}

/** The same as the box's peer or a router quotes it, no longer than 1280 octets in all. */
const error = (invoking: Uint8Array, fields: Parameters<typeof fromRouter>[1] = {}) =>
  fromRouter(invoking.subarray(0, 1232), { destination: LOCAL, ...fields });

const summary = (packet: Uint8Array) => {
  const quoted = decodeIpv6Header(packet.subarray(48))!;
  return {
    type: packet[40],
    word: new DataView(packet.buffer, packet.byteOffset).getUint32(44),
    source: formatAddress(decodeIpv6Header(packet)!.source),
    quoted: [quoted.source, quoted.destination, quoted.payloadLength, quoted.nextHeader],
  };
};

describe('errors about payload', () => {
  test('of every type reach the host, about its own packet', () => {
    const { errors, told, pair } = box();
    const { ulid: local } = pair.a.host;
    const { ulid: peer } = pair.b.host;
    for (const type of [1, 2, 3, 4])
      errors.handle(error(shimmed(pair), { type, word: type === 2 ? 1400 : 0 }));
    const expected = { source: ROUTER, quoted: [local, peer, 1400, 17] };
    assert.deepEqual(told.map(summary), [
      { ...expected, type: 1, word: 0 },
      { ...expected, type: 2, word: 1392 },
      { ...expected, type: 3, word: 0 },
      { ...expected, type: 4, word: 0 },
    ]);
    assert.equal(errors.counters.icmpErrorsDelivered, 4);
  });

  test('are found by both locators and the tag: any pair of the context, and no other', () => {
    const { errors, told, pair } = box();
    const other = { source: '2001:db8:12::1', destination: '2001:db8:22::2' };
    errors.handle(error(shimmed(pair, 100, other), { destination: other.source }));
    assert.equal(told.length, 1);
    errors.handle(error(shimmed(pair, 100, { source: '2001:db8:13::1' })));
    errors.handle(error(shimmed(pair, 100, { destination: '2001:db8:23::2' })));
    const forged = shimmed(pair, 100);
    forged[40 + 7]! ^= 1;
    errors.handle(error(forged));
    assert.equal(told.length, 1);
    assert.equal(errors.counters.icmpErrorsUnmatched, 3);
  });

  test('Packet Too Big teaches the path its MTU', () => {
    const { errors, calls, pair } = box();
    errors.handle(error(shimmed(pair), { type: 2, word: 1280 }));
    assert.deepEqual(calls, [`mtu ${LOCAL} ${PEER} 1280`]);
  });

  test('Packet Too Big with less than 1280, or with more than the packet had, is discarded', () => {
    const { errors, calls, told, pair } = box();
    // 1400 octets of UDP, 8 of the payload header, 40 of IPv6.
    for (const word of [0, 1279, 1448, 0xffffffff]) errors.handle(error(shimmed(pair), { type: 2, word }));
    assert.deepEqual([calls, told], [[], []]);
    assert.equal(errors.counters.icmpErrorsMalformed, 4);
  });

  test('that another path may cure are an occasion to test this one; port unreachable is none', () => {
    const { errors, calls, told, pair } = box();
    for (let code = 0; code < 8; code++) errors.handle(error(shimmed(pair), { code }));
    const tested = `test ${formatAddress(pair.b.host.ulid)} ${LOCAL} ${PEER}`;
    assert.deepEqual(calls, Array(6).fill(tested));
    assert.equal(told.length, 8);
  });

  test('that SHIM6 sees to are told or not, as the site wishes', () => {
    for (const deliverAll of [true, false]) {
      const { errors, told, pair } = box({ testsPath: true, deliverAll });
      errors.handle(error(shimmed(pair), { code: 0 }));
      errors.handle(error(shimmed(pair), { code: 4 }));
      assert.equal(told.length, deliverAll ? 2 : 1);
    }
  });
});

describe('errors about control messages', () => {
  const unrecognized = { type: 4, code: 1, word: 6, source: PEER };

  /** The I1 of an establishment that nobody has answered. */
  function asking(): { pair: Pair; i1: Uint8Array } {
    const pair = new Pair({ treatment: () => [] });
    pair.establish();
    const { source, destination, message } = pair.sent[0]!;
    const i1 = encodeIpv6({ source, destination, nextHeader: NextHeader.shim6, hopLimit: 60 }, message);
    return { pair, i1 };
  }
  const state = ({ a, b }: Pair) => a.core.context(a.host.ulid, b.host.ulid)?.state;

  test('an unrecognized Next Header 140 from where I1 went: the peer has no SHIM6, and no host is told', () => {
    const { pair, i1 } = asking();
    const { errors, told } = box({ pair });
    errors.handle(error(i1, unrecognized));
    assert.equal(state(pair), 'NO-SUPPORT');
    assert.equal(told.length, 0);
  });

  test('from a router, about another octet, or of another kind it says nothing of the peer', () => {
    const { pair, i1 } = asking();
    const { errors, told } = box({ pair });
    errors.handle(error(i1, { ...unrecognized, source: ROUTER }));
    errors.handle(error(i1, { ...unrecognized, word: 40 }));
    errors.handle(error(i1, { ...unrecognized, code: 0 }));
    errors.handle(error(i1, { ...unrecognized, type: 1 }));
    assert.equal(state(pair), 'I1-SENT');
    assert.equal(told.length, 0);
  });
});

test('what is no error, or cut short, is counted', () => {
  const { errors, told, pair } = box();
  const whole = error(shimmed(pair));
  whole[42]! ^= 1;
  errors.handle(whole);
  errors.handle(error(shimmed(pair)).subarray(0, 90));
  errors.handle(new Uint8Array(0));
  errors.handle(error(shimmed(pair).subarray(0, 47)));
  assert.deepEqual(
    [errors.counters.icmpErrorsMalformed, errors.counters.icmpErrorsUnmatched, told.length],
    [3, 1, 0],
  );
});
