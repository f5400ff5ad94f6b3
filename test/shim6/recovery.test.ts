/** Context recovery, RFC 5533 §7.5 and §7.17 to §7.20: one end has lost the context, the other still uses it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from '../../control/shim6/index.ts';
import { equalAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  type ContextTag,
  decodeMessage,
  encodeMessage,
  findOption,
  type Message,
} from '../../control/wire/shim6/index.ts';
import { flipLast } from './octets.ts';
import { losing, Pair, type PairOptions } from './pair.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { hostA, hostB, locator, withLocators } from './sites.ts';

const [a1] = hostA.locators;
const [b1] = hostB.locators;

const atA = (pair: Pair) => pair.a.core.context(hostA.ulid, hostB.ulid);
const atB = (pair: Pair) => pair.b.core.context(hostB.ulid, hostA.ulid);

/** Both have the context; then B loses it. */
function bLost(options: PairOptions = {}): { readonly pair: Pair; readonly lost: ContextTag } {
  const pair = new Pair(options);
  pair.establish();
  pair.runUntil(1_000);
  const lost = atB(pair)!.localTag;
  pair.b.core.remove(hostB.ulid, hostA.ulid);
  pair.collect();
  pair.sent.length = 0;
  return { pair, lost };
}

/** B's data path gets a payload packet of A's and does not know its tag. */
function payload(pair: Pair, tag: ContextTag): boolean {
  const held = pair.b.core.handleUnknownTag(pair.now, {
    source: a1!.address,
    destination: b1!.address,
    tag,
  });
  pair.collect();
  return held;
}

function assertRecovered(pair: Pair, lost: ContextTag): void {
  assert.equal(atA(pair)?.state, 'ESTABLISHED');
  assert.equal(atB(pair)?.state, 'ESTABLISHED');
  assert.deepEqual(atA(pair)!.peerTag, atB(pair)!.localTag);
  assert.deepEqual(atB(pair)!.peerTag, atA(pair)!.localTag);
  assert.notDeepEqual(atB(pair)!.localTag, lost, 'RFC 5533 §7.20: not the Packet Context Tag');
  assert.equal(atB(pair)!.peerLocators.length, 2);
  assert.equal(pair.a.core.nextTimeout(), undefined);
  assert.equal(pair.b.core.nextTimeout(), undefined);
}

describe('payload for a tag that is lost', () => {
  test('R1bis, I2bis, R2: the context is back, and what was held can be delivered', () => {
    const { pair, lost } = bLost();
    const before = atA(pair)!.localTag;
    assert.ok(payload(pair, lost));
    pair.runUntil(2_000);
    assert.deepEqual(pair.types, ['R1bis', 'I2bis', 'R2']);
    assertRecovered(pair, lost);
    assert.deepEqual(atA(pair)!.localTag, before, 'A keeps its own');
    const established = pair.b.effects.findLast((effect) => effect.kind === 'established');
    assert.deepEqual(established?.recovered, lost);
    assert.deepEqual(pair.a.outcomes, ['established', 'changed', 'changed'], 'I2BIS-SENT, then the new tag');
    assert.equal(atA(pair)!.establishedAt, 40, 'it has carried payload since');
  });

  test('I2bis carries what it copies from R1bis, its own tag, the ULIDs and all locators', () => {
    const { pair, lost } = bLost();
    payload(pair, lost);
    pair.runUntil(2_000);
    const [r1bis, i2bis] = pair.sent.map(({ message }) => decodeMessage(message));
    assert.ok(r1bis?.type === 'R1bis' && i2bis?.type === 'I2bis');
    assert.deepEqual(r1bis.packetTag, lost);
    assert.deepEqual(i2bis.packetTag, lost);
    assert.equal(i2bis.responderNonce, r1bis.responderNonce);
    assert.deepEqual(i2bis.initiatorTag, atA(pair)!.localTag);
    assert.deepEqual(findOption(i2bis, 'ResponderValidator'), findOption(r1bis, 'ResponderValidator'));
    assert.deepEqual(findOption(i2bis, 'UlidPair')?.sender, hostA.ulid);
    assert.equal(findOption(i2bis, 'LocatorList')?.locators.length, 2);
    const [sentR1bis, sentI2bis] = pair.sent;
    assert.ok(equalAddress(sentI2bis!.source, sentR1bis!.destination), 'on the pair of the R1bis');
    assert.ok(equalAddress(sentI2bis!.destination, sentR1bis!.source));
  });

  test('a burst draws many R1bis and one I2bis', () => {
    const { pair, lost } = bLost();
    for (let packet = 0; packet < 5; packet++) payload(pair, lost);
    pair.runUntil(2_000);
    assert.deepEqual(pair.types, [...Array(5).fill('R1bis'), 'I2bis', 'R2']);
    assert.equal(pair.a.core.counters['unmatched-R1bis'], 4);
    assertRecovered(pair, lost);
  });

  for (const type of ['R1bis', 'I2bis', 'R2']) {
    test(`${type} lost`, () => {
      const { pair, lost } = bLost({ treatment: losing(type, (count) => count === (type === 'R2' ? 2 : 1)) });
      payload(pair, lost);
      pair.runUntil(1_500);
      // ULPs go on sending: what comes before the recovery is through is for the lost tag.
      if (type === 'R1bis') payload(pair, lost);
      pair.runUntil(60_000);
      assertRecovered(pair, lost);
    });
  }

  test('R1bis leaves no state, at a bounded rate; multicast and foreign addresses draw none', () => {
    const pair = new Pair({ settings: { recoveriesPerSecond: 3 } });
    const { core } = pair.b;
    const packet = { source: a1!.address, destination: b1!.address };
    const answers = (changes: Partial<typeof packet>, now = 0) => {
      core.handleUnknownTag(now, { ...packet, ...changes, tag: { high: 1, low: 1 } });
      return core.pollEffect() !== undefined;
    };
    assert.ok(!answers({ source: parseAddress('ff02::1') }));
    assert.ok(!answers({ source: parseAddress('::') }));
    assert.ok(!answers({ destination: parseAddress('ff0e::1') }));
    assert.ok(!answers({ destination: parseAddress('2001:db8:99::1') }));
    assert.equal(core.counters['bad-address'], 3);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => answers({})),
      [true, true, true, false, false],
    );
    assert.equal(core.counters['R1bis-suppressed'], 2);
    assert.ok(answers({}, 1_000));
    assert.equal(core.size, 0);
    assert.equal(core.nextTimeout(), undefined);
  });
});

test('an Update Request for a tag that is lost recovers the context and is told in I2bis', () => {
  const { pair, lost } = bLost();
  pair.a.core.setHost(pair.now, withLocators(hostA, { 0: { usable: false } }));
  pair.collect();
  pair.runUntil(60_000);
  assert.deepEqual(pair.types, ['UpdateRequest', 'R1bis', 'I2bis', 'R2']);
  assertRecovered(pair, lost);
  assert.deepEqual(
    atB(pair)!.peerLocators.map(({ broken }) => broken),
    [true, false],
  );
});

test('a change of locators while I2BIS-SENT is told once the context is back', () => {
  const { pair, lost } = bLost();
  payload(pair, lost);
  pair.runUntil(pair.now + 15);
  assert.equal(atA(pair)!.state, 'I2BIS-SENT');
  pair.a.core.setHost(pair.now, withLocators(hostA, { 0: { usable: false } }));
  pair.collect();
  pair.runUntil(60_000);
  assert.deepEqual(pair.types, ['R1bis', 'I2bis', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
  assertRecovered(pair, lost);
  assert.deepEqual(
    atB(pair)!.peerLocators.map(({ broken }) => broken),
    [true, false],
  );
});

test('both recover at once: R2 tells the peer no less than I2bis did', () => {
  const peer = new ScriptedPeer().bring('ESTABLISHED');
  const grown = { ulid: hostA.ulid, locators: [...hostA.locators, locator('2001:db8:13::1')] };
  peer.core.setHost(peer.now, grown);
  peer.collect();
  const told = (message: Message | undefined) => {
    assert.ok(message?.type === 'I2bis' || message?.type === 'R2');
    return findOption(message, 'LocatorList')!.locators.length;
  };
  const [i2bis] = peer.say(peer.r1bis());
  assert.equal(told(i2bis), 3);
  const [r1bis] = peer.payload({ high: 9, low: 9 });
  assert.ok(r1bis?.type === 'R1bis');
  const [r2] = peer.say(peer.i2bis(r1bis));
  assert.equal(told(r2), 3);
  peer.say(peer.r2());
  assert.ok(peer.context!.localLocators.every(({ acknowledged }) => acknowledged));
  assert.equal(peer.core.nextTimeout(), undefined);
});

test('both have lost it: whoever needs it first establishes anew', () => {
  const { pair } = bLost();
  pair.a.core.remove(hostA.ulid, hostB.ulid);
  pair.establish(pair.b);
  pair.runUntil(60_000);
  assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
  assert.deepEqual(atA(pair)!.peerTag, atB(pair)!.localTag);
});

test('the peer has moved: an Update from where it is now draws R1bis, and I2bis tells its new list', () => {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  pair.sent.length = 0;
  const moved = { ulid: hostA.ulid, locators: [locator('2001:db8:13::1'), locator('2001:db8:14::1')] };
  for (const { address } of moved.locators) pair.own(pair.a, address);
  pair.a.core.setHost(pair.now, moved);
  pair.collect();
  const acknowledged = () => atA(pair)!.localLocators.map((one) => one.acknowledged);
  assert.deepEqual(acknowledged(), [false, false]);
  pair.runUntil(60_000);
  assert.deepEqual(pair.types, ['UpdateRequest', 'R1bis', 'I2bis', 'R2']);
  assert.deepEqual(
    atB(pair)!.peerLocators.map(({ address }) => address),
    moved.locators.map(({ address }) => address),
  );
  assert.deepEqual(acknowledged(), [true, true]);
  assert.equal(pair.b.core.counters['stale-tag'], 1);
  assert.equal(pair.a.core.nextTimeout(), undefined);
});

describe('retransmission, RFC 5533 §7.19', () => {
  const given = (peer: ScriptedPeer, type: string) => {
    const types: string[] = [];
    for (let turn = 0; turn < 30 && peer.core.nextTimeout() !== undefined; turn++) {
      types.push(...peer.timeout().map((message) => message.type));
    }
    return types.filter((one) => one === type).length;
  };

  test('I2bis goes out I2bis_RETRIES_MAX times more, then I1 I1_RETRIES_MAX times more, then the end', () => {
    const peer = new ScriptedPeer().bring('I2BIS-SENT');
    const tag = peer.context!.localTag;
    const sent: string[] = [];
    while (peer.state === 'I2BIS-SENT') sent.push(...peer.timeout().map(({ type }) => type));
    assert.deepEqual(sent, ['I2bis', 'I2bis', 'I1']);
    assert.equal(peer.state, 'I1-SENT');
    assert.deepEqual(peer.context!.localTag, tag);
    assert.equal(peer.context!.peerLocators.length, 0, 'RFC 5533 §6.2: no Ls(peer) in I1-SENT');
    assert.deepEqual(peer.outcomes, ['established', 'changed', 'removed'], 'it carries no payload meanwhile');
    assert.equal(given(peer, 'I1'), 4);
    assert.deepEqual(peer.outcomes, ['established', 'changed', 'removed', 'failed']);
    assert.equal(peer.core.size, 0);
  });

  test('the peer that had it all along answers the I1 with R2: a forged R1bis ends there', () => {
    const peer = new ScriptedPeer().bring('I2BIS-SENT');
    while (peer.state === 'I2BIS-SENT') peer.timeout();
    peer.say(peer.r2());
    assert.equal(peer.state, 'ESTABLISHED');
    assert.deepEqual(peer.outcomes, ['established', 'changed', 'removed', 'established']);
    assert.deepEqual(peer.context!.peerTag, peer.tag);
    assert.equal(peer.core.nextTimeout(), undefined);
  });
});

test('a removed context still tells its tags, so that they can be taken out of the data path', () => {
  const { pair, lost } = bLost();
  const removed = pair.b.effects.find(
    (effect): effect is Effect & { kind: 'removed' } => effect.kind === 'removed',
  );
  assert.deepEqual(removed?.context.localTag, lost);
  assert.deepEqual(removed.context.peerTag, atA(pair)!.localTag);
  assert.equal(removed.context.peerLocators.length, 2);
  assert.equal(pair.b.core.contextWithTag(lost), undefined);
});

test('an R1bis that comes back altered is noticed by its checksum', () => {
  const { pair, lost } = bLost({
    treatment: (sent) => (sent.type === 'R1bis' ? [{ ...sent, message: flipLast(sent.message) }] : [sent]),
  });
  payload(pair, lost);
  pair.runUntil(2_000);
  assert.equal(pair.a.core.counters['bad-checksum'], 1);
  assert.equal(atA(pair)!.state, 'ESTABLISHED');
  const inflated = encodeMessage({ ...new ScriptedPeer().r1bis(lost), options: [] } as never);
  pair.inject({ source: b1!.address, destination: a1!.address, message: inflated });
  assert.equal(pair.a.core.counters['unmatched-R1bis'], 1);
});
