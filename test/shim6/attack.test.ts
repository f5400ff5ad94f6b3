/** Forged, tampered and replayed messages: counted, and nothing comes of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IdentityProvider } from '../../control/identity/index.ts';
import { Shim6 } from '../../control/shim6/index.ts';
import { addressKey, parseAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, encodeMessage, type Message, type Option } from '../../control/wire/shim6/index.ts';
import { assertEstablished } from './assertions.ts';
import { establishByI2, trusting } from './many.ts';
import { flipLast } from './octets.ts';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { addresses, hostA, hostB, siteA, siteB } from './sites.ts';

const foreign = parseAddress('2001:db8:666::1');

test('tampered octets of every message are noticed by the checksum', () => {
  for (const type of ['I1', 'R1', 'I2', 'R2']) {
    const pair = new Pair({
      treatment: (sent) => (sent.type === type ? [{ ...sent, message: flipLast(sent.message) }] : [sent]),
    });
    pair.establish();
    pair.runUntil(1_000);
    const checksums = pair.a.core.counters['bad-checksum'] + pair.b.core.counters['bad-checksum'];
    assert.equal(checksums, 1, type);
    assert.equal(pair.b.core.size, type === 'R2' ? 1 : 0);
    assert.deepEqual(pair.a.outcomes, []);
  }
});

test('a flood of I1 leaves no context, no deadline and no pending effect', () => {
  const { core, host } = new Pair().b;
  const random = new SeededRandom(3);
  for (let number = 0; number < 20_000; number++) {
    const message = encodeMessage({
      type: 'I1',
      initiatorTag: { high: number & 0x7fff, low: number },
      initiatorNonce: number,
      options: [{ type: 'UlidPair', sender: random.octets(16).fill(0xfc, 0, 1), receiver: host.ulid }],
    });
    core.handleMessage(number / 10, {
      source: random.octets(16).fill(0x20, 0, 1),
      destination: host.locators[0]!.address,
      message,
    });
    const answer = core.pollEffect();
    assert.ok(answer?.kind === 'send' && decodeMessage(answer.message).type === 'R1');
    assert.ok(answer.message.length <= message.length, 'no amplification');
    assert.equal(core.pollEffect(), undefined);
  }
  assert.equal(core.size, 0);
  assert.equal(core.nextTimeout(), undefined);
});

test('I1 with an unusable ULID or for no host of ours is not answered', () => {
  const pair = new Pair();
  const { core, host } = pair.b;
  const good = { sender: pair.a.host.ulid, receiver: host.ulid };
  const source = pair.a.host.locators[0]!.address;
  const destination = host.locators[0]!.address;
  const i1 = (options: Option[], packet = { source, destination }) => {
    const message = encodeMessage({
      type: 'I1',
      initiatorTag: { high: 1, low: 1 },
      initiatorNonce: 1,
      options,
    });
    core.handleMessage(0, { ...packet, message });
    return core.pollEffect() !== undefined;
  };
  const pairOption = (changes: Partial<typeof good>): Option => ({ type: 'UlidPair', ...good, ...changes });
  assert.ok(i1([pairOption({})]));
  assert.ok(!i1([pairOption({ receiver: pair.a.host.ulid })]));
  assert.ok(!i1([pairOption({ sender: parseAddress('ff02::1') })]));
  assert.ok(!i1([pairOption({ sender: parseAddress('::') })]));
  assert.ok(!i1([]), 'without the option the ULIDs are the addresses, and no host has that one');
  assert.ok(!i1([pairOption({})], { source, destination: parseAddress('2001:db8:99::1') }));
  assert.equal(core.counters['not-for-us'], 5);
  assert.ok(!i1([pairOption({}), { type: 'ForkedInstanceIdentifier', identifier: 1 }]));
  assert.equal(core.counters['too-many-forks'], 1);
  assert.ok(!i1([pairOption({})], { source: parseAddress('ff02::1'), destination }));
  assert.ok(!i1([pairOption({})], { source, destination: parseAddress('::') }));
  assert.equal(core.counters['bad-address'], 2);
});

test('an I2 without the R1 that it answers is refused before anything is verified', () => {
  const claims: unknown[] = [];
  const identityB: IdentityProvider = {
    parameters: (ulid) => siteB.identity.parameters(ulid),
    sign: (...of) => siteB.identity.sign(...of),
    verifyParameters: (...of) => siteB.identity.verifyParameters(...of),
    verify: (claim) => {
      claims.push(claim);
      return siteB.identity.verify(claim);
    },
  };
  const flips: ((message: Extract<Message, { type: 'I2' }>) => Message)[] = [
    (message) => ({ ...message, initiatorNonce: (message.initiatorNonce ^ 1) >>> 0 }),
    (message) => ({ ...message, responderNonce: (message.responderNonce ^ 1) >>> 0 }),
    (message) => ({
      ...message,
      initiatorTag: { ...message.initiatorTag, high: message.initiatorTag.high ^ 1 },
    }),
    (message) => ({
      ...message,
      options: message.options.filter(({ type }) => type !== 'ResponderValidator'),
    }),
  ];
  for (const flip of flips) {
    const pair = new Pair({ identityB });
    pair.treatment = (sent) => {
      const message = decodeMessage(sent.message);
      if (message.type !== 'I2') return [sent];
      return [{ ...sent, message: encodeMessage(flip(message)) }];
    };
    pair.establish();
    pair.runUntil(1_000);
    assert.equal(pair.b.core.counters['bad-validator'], 1);
    assert.equal(pair.b.core.size, 0);
  }
  const moved = new Pair({ identityB });
  moved.treatment = (sent) =>
    sent.type === 'I2' ? [{ ...sent, source: moved.a.host.locators[1]!.address }] : [sent];
  moved.establish();
  moved.runUntil(1_000);
  assert.equal(moved.b.core.counters['bad-validator'], 1);
  assert.deepEqual(claims, []);
});

describe('replayed I2', () => {
  const established = () => {
    const pair = new Pair();
    pair.establish();
    pair.runUntil(1_000);
    const i2 = pair.sent.find(({ type }) => type === 'I2')!;
    return { pair, i2 };
  };

  test('draws R2 again and changes nothing', () => {
    const { pair, i2 } = established();
    for (let repeat = 0; repeat < 10; repeat++) pair.inject(i2);
    pair.runUntil(2_000);
    assertEstablished(pair);
    assert.deepEqual(pair.b.outcomes, ['established']);
    assert.equal(pair.types.filter((type) => type === 'R2').length, 11);
  });

  test('is refused once its validator is too old', () => {
    const { pair, i2 } = established();
    pair.runUntil(70_000);
    pair.inject(i2);
    assert.equal(pair.b.core.counters['bad-validator'], 1);
  });

  test('does not bring back a tag that its sender has lost since', () => {
    const { pair, i2 } = established();
    pair.a.core.remove(pair.a.host.ulid, pair.b.host.ulid);
    pair.establish();
    pair.runUntil(2_000);
    const current = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
    const atB = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
    assert.deepEqual(atB.peerTag, current.localTag);
    pair.inject(i2);
    pair.runUntil(3_000);
    assert.deepEqual(atB.peerTag, current.localTag);
    assert.equal(pair.b.core.counters['replayed-I2'], 1);
  });
});

test('a peer that lost its context makes a new one; ours takes the new tag, RFC 5533 Figure 7', () => {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  pair.a.core.remove(pair.a.host.ulid, pair.b.host.ulid);
  pair.establish();
  pair.runUntil(2_000);
  assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2', 'I1', 'R1', 'I2', 'R2']);
  assert.deepEqual(pair.b.outcomes, ['established', 'changed']);
  const atA = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
  const atB = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
  assert.deepEqual(atB.peerTag, atA.localTag);
  assert.deepEqual(atA.peerTag, atB.localTag);
});

test('an I1 with the right tag from elsewhere draws R1: our tag and locators are for the peer alone', () => {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  const [i1] = pair.sent;
  const answerTo = (source: Uint8Array) => {
    pair.inject({ ...i1!, source });
    return pair.sent.at(-1)!.type;
  };
  assert.equal(answerTo(foreign), 'R1');
  assert.equal(answerTo(i1!.source), 'R2');
});

test('R1 and R2 that nobody waits for, or from elsewhere, change nothing', () => {
  const pair = new Pair();
  pair.establish();
  pair.treatment = (sent) =>
    sent.type === 'R1' || sent.type === 'R2' ? [{ ...sent, source: foreign }] : [sent];
  pair.runUntil(100);
  assert.equal(pair.a.core.counters['unmatched-R1'], 1);
  pair.treatment = (sent) => (sent.type === 'R2' ? [{ ...sent, source: foreign }] : [sent]);
  pair.runUntil(20_000);
  assert.ok(pair.a.core.counters['unmatched-R2'] > 0);
  assert.deepEqual(pair.a.outcomes, []);
});

test('a peer that was reached at one locator cannot answer in the name of another, RFC 5533 §7.2', () => {
  const peer = new ScriptedPeer();
  const [, elsewhere] = addresses(hostB);
  peer.establish();
  assert.deepEqual(peer.say(peer.r1(), { source: elsewhere! }), []);
  assert.equal(peer.core.counters['unmatched-R1'], 1);
  peer.say(peer.r1());
  assert.equal(peer.state, 'I2-SENT');
  peer.say(peer.r2(), { source: elsewhere! });
  assert.equal(peer.core.counters['unmatched-R2'], 1);
  assert.equal(peer.state, 'I2-SENT');
  peer.say(peer.r2());
  assert.equal(peer.state, 'ESTABLISHED');
  assert.ok(peer.context!.isPresent(peer.addresses.source));
  assert.ok(!peer.context!.isPresent(elsewhere!), 'where it says that it is, too');
});

test('the nonce of an I1 to one locator is not that of an I1 to another', () => {
  const pair = new Pair({ treatment: () => [] });
  pair.establish();
  pair.runUntil(100_000);
  const nonces = new Map<string, Set<number>>();
  for (const { destination, message } of pair.sent) {
    const i1 = decodeMessage(message);
    assert.ok(i1.type === 'I1');
    const sent = nonces.get(addressKey(destination)) ?? new Set();
    nonces.set(addressKey(destination), sent.add(i1.initiatorNonce));
  }
  assert.equal(nonces.size, 2);
  assert.ok([...nonces.values()].every(({ size }) => size === 1));
  assert.equal(new Set([...nonces.values()].flatMap((sent) => [...sent])).size, 2);
});

test('context confusion: a tag that the peer gives to another context removes the old one, RFC 5533 §7.15', () => {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  // B has lost the context, and a second host of A gets the tag that the first one had.
  const second = siteA.host(2, hostA.locators);
  const stale = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
  pair.a.core.setHost(pair.now, second);
  pair.b.core.remove(pair.b.host.ulid, pair.a.host.ulid);
  pair.treatment = (sent) => {
    const message = decodeMessage(sent.message);
    return message.type === 'R2'
      ? [{ ...sent, message: encodeMessage({ ...message, responderTag: stale.peerTag }) }]
      : [sent];
  };
  pair.a.core.establish(pair.now, second.ulid, pair.b.host.ulid, addresses(pair.b.host));
  pair.collect();
  pair.runUntil(2_000);
  assert.equal(pair.a.core.counters['context-confusion'], 1);
  assert.deepEqual(pair.a.outcomes, ['established', 'removed', 'established']);
  assert.equal(stale.state, 'IDLE');
});

test('one tag for many peers that have nothing in common is refused after a few', () => {
  const core = new Shim6({ random: new SeededRandom(1).octets, identity: trusting });
  core.setHost(0, hostB);
  for (let number = 0; number < 100; number++) {
    establishByI2(core, {
      number,
      tag: 5,
      locator: parseAddress(`2001:db8:31::${(number + 1).toString(16)}`),
    });
  }
  assert.equal(core.size, 16);
  assert.equal(core.counters['shared-tag'], 84);
});
