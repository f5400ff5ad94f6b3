/** A context tag that one end has forgotten and given to another context: RFC 5533 §7.15 and Appendix C. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Shim6, type Shim6Settings } from '../../control/shim6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { type ContextTag, decodeMessage, type Message } from '../../control/wire/shim6/index.ts';
import { SeededRandom } from './random.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { addresses, hostA, hostB, locator, Site, siteA, siteB } from './sites.ts';

const second = siteA.host(2, hostA.locators);

/** A core with an established context <A, B, X>; then the peer speaks of a second host of A's with the same tag. */
function confused(): ScriptedPeer {
  const peer = new ScriptedPeer().bring('ESTABLISHED');
  peer.core.setHost(peer.now, second);
  return peer;
}

const forSecond = (message: Message): Message => {
  assert.ok('options' in message);
  const options = message.options.map((option) =>
    option.type === 'UlidPair' ? { ...option, receiver: second.ulid } : option,
  );
  return { ...message, options } as Message;
};

function assertReplaced(peer: ScriptedPeer): void {
  assert.equal(peer.core.counters['context-confusion'], 1);
  assert.equal(peer.core.context(hostA.ulid, hostB.ulid), undefined, 'it sends nothing any more');
  const context = peer.core.context(second.ulid, hostB.ulid)!;
  assert.equal(context.state, 'ESTABLISHED');
  assert.deepEqual(context.peerTag, peer.tag);
  assert.deepEqual(peer.outcomes, ['established', 'removed', 'established']);
}

describe('context confusion is found and the old context removed', () => {
  test('by I2; its I1 alone changes nothing, RFC 5533 §7.6', () => {
    const peer = confused();
    const r1 = peer.ask(forSecond(peer.i1()), 'R1');
    assert.equal(peer.core.context(hostA.ulid, hostB.ulid)!.state, 'ESTABLISHED');
    assert.equal(peer.say(forSecond(peer.i2(r1)))[0]?.type, 'R2');
    assertReplaced(peer);
  });

  test('by I2bis', () => {
    const peer = confused();
    const [r1bis] = peer.payload({ high: 9, low: 9 });
    assert.ok(r1bis?.type === 'R1bis');
    assert.equal(peer.say(forSecond(peer.i2bis(r1bis)))[0]?.type, 'R2');
    assertReplaced(peer);
  });

  test('by R2', () => {
    const peer = confused();
    peer.core.establish(peer.now, second.ulid, hostB.ulid, addresses(hostB));
    peer.collect();
    peer.say(peer.r1());
    peer.say(peer.r2());
    assertReplaced(peer);
  });

  test('by I2 while the old one is I2BIS-SENT', () => {
    const peer = new ScriptedPeer().bring('I2BIS-SENT');
    peer.core.setHost(peer.now, second);
    peer.say(forSecond(peer.i2(peer.ask(forSecond(peer.i1()), 'R1'))));
    assert.equal(peer.core.counters['context-confusion'], 1);
    assert.equal(peer.core.context(hostA.ulid, hostB.ulid), undefined);
    assert.equal(peer.core.nextTimeout(), undefined, 'its I2bis ends with it');
  });

  test('by an Update that brings a common locator', () => {
    const peer = confused();
    const elsewhere = [parseAddress('2001:db8:29::2')];
    const between = { source: elsewhere[0]! };
    const r1 = peer.ask(forSecond(peer.i1()), 'R1', between);
    peer.say(forSecond(peer.i2(r1, peer.locators(elsewhere))), between);
    assert.equal(peer.core.counters['context-confusion'], 0, 'nothing in common: two peers');
    const { localTag } = peer.core.context(second.ulid, hostB.ulid)!;
    const more = [...elsewhere, ...addresses(hostB)];
    assert.equal(
      peer.say(peer.update(localTag, peer.locators(more, 8)), between)[0]?.type,
      'UpdateAcknowledgement',
    );
    assert.equal(peer.core.counters['context-confusion'], 1);
    assert.equal(peer.core.context(hostA.ulid, hostB.ulid), undefined);
  });

  test('but not by a message for the same context', () => {
    const peer = new ScriptedPeer().bring('ESTABLISHED');
    peer.say(peer.i1());
    const [r1bis] = peer.payload({ high: 9, low: 9 });
    assert.ok(r1bis?.type === 'R1bis');
    peer.say(peer.i2bis(r1bis));
    assert.equal(peer.core.counters['context-confusion'], 0);
    assert.equal(peer.state, 'ESTABLISHED');
  });
});

test('three-party confusion, RFC 5533 Appendix C.3: the tag is another peer’s now, an Update draws R1bis', () => {
  // A retains <A, B, X>; B has lost it, and X is its tag for C.
  const siteC = new Site('fc00:db8:3::');
  const hostC = siteC.host(1, [locator('2001:db8:31::3')]);
  const core = (site: Site, seed: number, settings: Partial<Shim6Settings> = {}) =>
    new Shim6({ random: new SeededRandom(seed).octets, identity: site.identity, settings });
  const [a, c] = [core(siteA, 1), core(siteC, 3)];
  // Both incarnations of B draw the same numbers, so the second gives out the tag of the first.
  const [before, after] = [core(siteB, 2), core(siteB, 2)];
  a.setHost(0, hostA);
  before.setHost(0, hostB);
  after.setHost(0, hostB);
  c.setHost(0, hostC);
  const types: string[] = [];
  /** Carries messages between two cores until they are silent. */
  const converse = (first: Shim6, other: Shim6): void => {
    for (let silent = 0; silent < 2; [first, other] = [other, first]) {
      silent++;
      for (let effect = first.pollEffect(); effect; effect = first.pollEffect()) {
        if (effect.kind !== 'send') continue;
        silent = 0;
        types.push(decodeMessage(effect.message).type);
        other.handleMessage(0, effect);
      }
    }
  };
  a.establish(0, hostA.ulid, hostB.ulid, addresses(hostB));
  converse(a, before);
  const tag: ContextTag = a.context(hostA.ulid, hostB.ulid)!.peerTag;
  c.establish(0, hostC.ulid, hostB.ulid, addresses(hostB));
  converse(c, after);
  assert.deepEqual(after.contextWithTag(tag)?.peer, hostC.ulid, 'the tag is reused');

  types.length = 0;
  after.handleUnknownTag(0, { source: addresses(hostA)[0]!, destination: addresses(hostB)[0]!, tag });
  assert.equal(after.counters['stale-tag'], 1, 'the source is no locator of C');
  converse(after, a);
  assert.deepEqual(types, ['R1bis', 'I2bis', 'R2']);
  const recovered = a.context(hostA.ulid, hostB.ulid)!;
  assert.equal(recovered.state, 'ESTABLISHED');
  assert.notDeepEqual(recovered.peerTag, tag, 'a tag of its own');
  assert.deepEqual(after.contextWithTag(recovered.peerTag)?.peer, hostA.ulid);
  assert.deepEqual(after.contextWithTag(tag)?.peer, hostC.ulid);
  assert.equal(c.context(hostC.ulid, hostB.ulid)!.state, 'ESTABLISHED');

  // An Update Request of C's for its context is still taken.
  c.setHost(0, { ulid: hostC.ulid, locators: [...hostC.locators, locator('2001:db8:32::3')] });
  converse(c, after);
  assert.equal(after.contextWithTag(tag)!.peerLocators.length, 2);
});

test('errors about payload find the one context that sends with the tag between these locators, §12.4', () => {
  const peer = new ScriptedPeer().bring('ESTABLISHED');
  const [local] = addresses(hostA);
  const [remote] = addresses(hostB);
  assert.equal(peer.core.contextSending(peer.tag, local!, remote!), peer.context);
  assert.equal(peer.core.contextSending({ high: 1, low: 1 }, local!, remote!), undefined);
  assert.equal(peer.core.contextSending(peer.tag, remote!, remote!), undefined);
  assert.equal(peer.core.contextSending(peer.tag, local!, parseAddress('2001:db8:666::1')), undefined);
  assert.equal(peer.core.contextWithTag(peer.context!.localTag), peer.context);
});
