/** Whether a peer is at a locator that it lists: one Probe for all contexts with it (RFC 5533 §7.2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Exploring, Operational } from '../../control/reap/index.ts';
import { addressKey, formatAddress } from '../../control/wire/ipv6/address.ts';
import type { Probe } from '../../control/wire/shim6/index.ts';
import { type End, locatorOf, type Name, Pair, type PairOptions, uses } from './pair.ts';

const ENDS = ['a', 'b'] as const;

/**
 * Contexts in which each end was found at the other's first locator only. `peers`: how many hosts there are at each end,
 * to which the contexts belong in turn.
 */
class Young extends Pair {
  readonly peers: number;
  /** By end: peers and locators at which they were found. */
  readonly #found = { a: new Set<string>(), b: new Set<string>() };

  constructor(options: PairOptions = {}, peers = 1) {
    super(options);
    this.peers = peers;
    for (const name of ENDS) {
      const { subjects } = this[name];
      for (const [slot, subject] of subjects.entries()) {
        const { peer, peerLocators } = subjects[slot % peers]!;
        Object.assign(subject, { peer, peerLocators });
        const [proved] = peerLocators;
        subject.isPresent = (locator) =>
          locator === proved!.address || this.#found[name].has(addressKey(peer) + addressKey(locator));
      }
    }
  }

  override collect(name: Name): void {
    const { effects } = this[name];
    const before = effects.length;
    super.collect(name);
    for (let index = before; index < effects.length; index++) {
      const effect = effects[index]!;
      if (effect.kind === 'present')
        this.#found[name].add(addressKey(effect.subject.peer) + addressKey(effect.locator));
    }
  }

  seek(names: readonly Name[] = ENDS): void {
    for (const name of names)
      for (const slot of this[name].subjects.keys()) this[name].reap.seek(this.now, slot);
  }

  found(name: Name): number {
    return this.#found[name].size;
  }

  probes(from: Name): (typeof this.sent)[number][] {
    return this.sent.filter((one) => one.from === from && one.message.type === 'Probe');
  }
}

const isCalm = ({ reap, subjects }: End) =>
  subjects.every((_, slot) => reap.state(slot) === Operational) && reap.counters.explorations === 0;

test('a Probe there and one back: the peer is found, and nothing moves', () => {
  const pair = new Young();
  pair.seek(['a']);
  pair.run(300);
  assert.deepEqual(pair.log, ['a:Probe/InboundOk 10>21', 'b:Probe/Operational 21>10']);
  const [asked, answered] = pair.sent.map(({ message }) => message as Probe);
  assert.equal(asked!.received.length, 0);
  assert.deepEqual(answered!.received, asked!.sent);
  assert.equal(pair.found('a'), 1);
  assert.equal(pair.a.reap.sought, 0);
  pair.run(60_000);
  for (const end of [pair.a, pair.b]) {
    assert.ok(isCalm(end));
    assert.ok(end.effects.every(({ kind }) => kind !== 'switch'));
  }
  assert.ok(pair.count <= 6, `no more than Keepalives follow: ${pair.log}`);
});

test('of many locators each is asked about, one in a tick', () => {
  const pair = new Young({ locators: [2, 16] });
  pair.seek(['a']);
  pair.run(1_000);
  assert.ok(pair.probes('a').length <= 10, 'no more in a second than are answered');
  pair.run(1_000);
  assert.equal(pair.found('a'), 15);
  assert.equal(pair.probes('a').length, 15);
});

test('one Probe serves all contexts with the peer, which learn of it at once', () => {
  const pair = new Young({ contexts: 1_000 });
  pair.seek();
  pair.run(1_000);
  for (const name of ENDS) {
    assert.equal(pair[name].reap.counters['presence-probes-sent'], 1);
    const present = pair[name].effects.filter(({ kind }) => kind === 'present');
    assert.deepEqual(
      present.map((effect) => effect.kind === 'present' && effect.waiting.length),
      [1_000],
    );
  }
  pair.seek();
  pair.run(60_000);
  assert.equal(pair.a.reap.counters['presence-probes-sent'], 1, 'nor does one that comes later ask again');
});

test('another locator of ours is tried where the first leads to nothing', () => {
  const pair = new Young();
  pair.passes = (one) => !(uses(one, 1, 0) && uses(one, 2, 1));
  pair.seek(['a']);
  pair.run(2_000);
  assert.equal(pair.found('a'), 1);
  assert.ok(isCalm(pair.a) && isCalm(pair.b));
});

test('a peer that is not there is asked ever more rarely, while any context with it stands', () => {
  const pair = new Young({ contexts: 3 });
  pair.passes = (one) => !uses(one, 2, 1);
  pair.seek(['a']);
  pair.run(3_600_000);
  const times = pair.probes('a').map(({ at }) => at);
  const gaps = times.slice(1).map((at, index) => at - times[index]!);
  assert.ok(times.length >= 13 && times.length <= 18, `${times.length} in an hour`);
  assert.ok(gaps[0]! >= 400 && gaps[0]! <= 700);
  assert.ok(Math.max(...gaps) <= 665_000);
  const { subjects, reap } = pair.a;
  reap.forget(0, subjects[0]!.peer);
  reap.forget(1, subjects[1]!.peer);
  assert.equal(reap.sought, 1);
  reap.forget(2, subjects[2]!.peer);
  assert.equal(reap.sought, 0);
  const before = pair.count;
  pair.run(1_000_000);
  assert.equal(pair.count, before);
});

test('contexts that went without a word are noticed, and a locator that is listed no more is sought no more', () => {
  const pair = new Young();
  pair.passes = (one) => !uses(one, 2, 1);
  pair.seek(['a']);
  pair.run(1_000);
  pair.a.subjects[0]!.peerLocators = pair.a.subjects[0]!.peerLocators.slice(0, 1);
  pair.run(5_000);
  assert.equal(pair.a.reap.sought, 0);
  pair.a.subjects.length = 0;
  pair.a.reap.seek(pair.now, 0);
  assert.equal(pair.a.reap.sought, 0);
});

describe('failures go first', () => {
  test('what is sought takes no more than half of the budget, and 1,000 peers are found in their turn', () => {
    const pair = new Young({ contexts: 1_000, settings: { packetsPerSecond: 1_000 } }, 1_000);
    pair.seek(['a']);
    pair.run(100);
    assert.equal(pair.probes('a').length, 50);
    pair.run(2_500);
    assert.equal(pair.found('a'), 1_000);
  });

  test('no Probe is sent for it by a context that is explored', () => {
    const pair = new Young();
    pair.talks = (from) => from === 'a';
    pair.run(500);
    pair.passes = () => false;
    pair.run(20_000);
    assert.equal(pair.a.reap.state(0), Exploring);
    pair.seek(['a']);
    pair.run(60_000);
    assert.equal(pair.a.reap.counters['presence-probes-sent'], 0);
  });

  test('an exploration finds the peer, too', () => {
    const pair = new Young();
    pair.talks = () => true;
    pair.run(500);
    // What asks is lost; then the way in use is.
    pair.passes = (one) => !uses(one, 2, 1);
    pair.seek(['a']);
    pair.run(5_000);
    assert.equal(pair.found('a'), 0);
    pair.passes = (one) => !uses(one, 2, 0);
    pair.run(25_000);
    assert.equal(pair.found('a'), 1);
    assert.deepEqual(pair.a.current[0]!.destination, locatorOf(2, 1));
    assert.equal(pair.a.reap.sought, 0);
  });
});

test('what was sent to one locator is not told to another: who is here cannot report it from there', () => {
  const pair = new Young({ locators: [2, 4] });
  pair.talks = () => true;
  pair.run(500);
  pair.passes = () => false;
  pair.run(120_000);
  const probes = pair.probes('a').map(({ message }) => message as Probe);
  assert.ok(probes.length > 8);
  assert.ok(
    probes.some(({ sent }) => sent.length > 1),
    'earlier ones are told again',
  );
  for (const { sent } of probes)
    assert.equal(new Set(sent.map(({ destination }) => formatAddress(destination))).size, 1);
});

test('whoever is at the locator of the way in use alone cannot answer for another', () => {
  const pair = new Young();
  pair.passes = (one, from) => from === 'b' || !uses(one, 2, 1);
  pair.seek(['a']);
  for (let second = 0; second < 60; second++) {
    pair.run(1_000);
    const [asked] = pair.probes('a').slice(-1);
    const { sent } = asked!.message as Probe;
    const back = { source: locatorOf(2, 1), destination: locatorOf(1, 0) };
    const guess = { ...sent[0]!, nonce: (sent[0]!.nonce ^ (second + 1)) >>> 0 };
    pair.inject(
      'a',
      0,
      {
        type: 'Probe',
        receiverTag: { high: 0, low: 0 },
        state: Operational,
        sent: [{ ...back, nonce: second, data: 0 }],
        received: [guess],
        options: [],
      },
      back,
    );
  }
  assert.equal(pair.found('a'), 0);
});
