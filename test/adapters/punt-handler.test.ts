/** Payload that the data path does not deliver: held, recovered by the core, or handed back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PuntActions, PuntHandler } from '../../control/adapters/punt-handler.ts';
import { FirstPackets } from '../../control/dataplane/first-packets.ts';
import { type Address, formatAddress } from '../../control/wire/ipv6/address.ts';
import { formatTag } from '../../control/wire/shim6/context-tag.ts';
import * as lab from '../bpf/fixtures.ts';
import * as packets from '../bpf/packets.ts';

const STRANGER = '2001:db8:66::6';
const LIMITS = { perPair: 2, total: 8, patience: 1000 };

const payloadFrom = (source: string) =>
  packets.frame({
    link: lab.fromProvider(0),
    source,
    destination: lab.LOCATORS[0],
    parts: [packets.payloadHeader(lab.LOCAL_TAG), packets.udp()],
  });

/** A handler whose context takes payload from `listed` and for which the core answers `hold`. */
function handler(listed: () => string, hold = true) {
  const calls: string[] = [];
  const refuse = (name: string) => () => assert.fail(`${name} was called`);
  const actions: PuntActions = {
    isHost: refuse('isHost'),
    isLocator: refuse('isLocator'),
    contextState: refuse('contextState'),
    peerLocators: refuse('peerLocators'),
    searchPeer: refuse('peerLocators'),
    establish: refuse('establish'),
    establishFork: refuse('establishFork'),
    handleMessage: refuse('handleMessage'),
    injectInside: ({ frame }) => calls.push(`fragment 14+${frame.length - 14}`),
    sendError: (_invoking, error) => calls.push(`${error.kind} ${'mtu' in error ? error.mtu : ''}`),
    sendErrorOutside: refuse('sendErrorOutside'),
    handleIcmpError: refuse('handleIcmpError'),
    identification: () => 0xcafef00d,
    tellLoss: refuse('tellLoss'),
    isReceiver: (_tag, source: Address) => formatAddress(source) === listed(),
    handleUnknownTag: (source, destination, tag) => {
      calls.push(`R1bis ${formatAddress(source)} ${formatAddress(destination)} ${formatTag(tag)}`);
      return hold;
    },
    injectOutside: (frame) => calls.push(`inject ${frame.length}`),
  };
  const held = new FirstPackets(LIMITS);
  const punts = new PuntHandler(actions, new FirstPackets(LIMITS), held, () => 0);
  const event = (source: string, kind: 'foreign-source' | 'unknown-tag' = 'foreign-source') =>
    punts.handle({ kind, ifindex: 7, frame: payloadFrom(source), networkOffset: 14, mtu: 0, fork: 0 });
  return { calls, held, punts, event };
}

describe('a packet that is too big only with its payload header', () => {
  const sized = (length: number) =>
    packets.frame({
      link: lab.fromHost,
      source: lab.HOST,
      destination: lab.PEER,
      parts: [packets.udp(length - 40)],
    });

  test('leaves as fragments that fit, if every path must carry it', () => {
    const { calls, punts } = handler(() => '::');
    const event = { kind: 'fragment', ifindex: 7, networkOffset: 14, mtu: 1272, fork: 0 } as const;
    punts.handle({ ...event, frame: sized(1280) });
    assert.deepEqual(calls, ['fragment 14+1272', 'fragment 14+64']);
    assert.equal(punts.counters.fragmented, 1);
  });

  test('is refused otherwise, and nobody is told of less than 1280 octets', () => {
    const { calls, punts } = handler(() => '::');
    const event = { kind: 'too-big', ifindex: 7, networkOffset: 14, fork: 0 } as const;
    punts.handle({ ...event, mtu: 1272, frame: sized(1281) });
    punts.handle({ ...event, mtu: 1392, frame: sized(1500) });
    assert.deepEqual(calls, ['packet-too-big 1280', 'packet-too-big 1392']);
  });
});

describe('payload of a known context from no locator of its peer (RFC 5533 §7.17)', () => {
  const told = `R1bis ${STRANGER} ${lab.LOCATORS[0]} ${formatTag(lab.LOCAL_TAG)}`;

  test('goes to the core, and is held, not delivered', () => {
    const { calls, held, event } = handler(() => lab.PEER_LOCATORS[0]);
    for (let count = 0; count < 5; count++) event(STRANGER);
    assert.deepEqual(calls, Array(5).fill(told));
    assert.equal(held.waiting, LIMITS.perPair);
    assert.equal(held.refused, 5 - LIMITS.perPair);
  });

  test('is not held when the core sees nothing to recover', () => {
    const { calls, held, punts, event } = handler(() => lab.PEER_LOCATORS[0], false);
    event(STRANGER);
    assert.deepEqual(calls, [told]);
    assert.equal(held.waiting, 0);
    assert.equal(punts.counters.unknownTag, 1);
  });

  test('goes back to the data path, once, when its source became a locator meanwhile', () => {
    const { calls, held, event } = handler(() => STRANGER);
    event(STRANGER);
    assert.deepEqual(calls, [`inject ${payloadFrom(STRANGER).length}`]);
    assert.equal(held.waiting, 0);
  });
});
