/** Forked contexts, RFC 5533 §4.2: several between one ULID pair, told apart by their Forked Instance Identifier. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect, Shim6Settings } from '../../control/shim6/index.ts';
import { decodeMessage, findOption } from '../../control/wire/shim6/index.ts';
import { Pair } from './pair.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { addresses, hostA, hostB, siteA, withLocators } from './sites.ts';

const settings: Partial<Shim6Settings> = { maximumForks: 3 };
const FORK = 0x80000001;

function establish(pair: Pair, fork: number): void {
  pair.a.core.establish(pair.now, hostA.ulid, hostB.ulid, addresses(hostB), { fork });
  pair.collect();
  pair.runUntil(pair.now + 1_000);
}

const atA = (pair: Pair, fork: number) => pair.a.core.context(hostA.ulid, hostB.ulid, fork);
const atB = (pair: Pair, fork: number) => pair.b.core.context(hostB.ulid, hostA.ulid, fork);

test('a fork beside the default context has its own tags at both ends, and effects that name it', () => {
  const pair = new Pair({ settings });
  establish(pair, 0);
  establish(pair, FORK);
  for (const fork of [0, FORK]) {
    const [a, b] = [atA(pair, fork)!, atB(pair, fork)!];
    assert.equal(a.state, 'ESTABLISHED');
    assert.equal(a.fork, fork);
    assert.equal(b.fork, fork);
    assert.deepEqual(a.peerTag, b.localTag);
    assert.deepEqual(b.peerTag, a.localTag);
  }
  assert.notDeepEqual(atA(pair, 0)!.localTag, atA(pair, FORK)!.localTag);
  assert.notDeepEqual(atB(pair, 0)!.localTag, atB(pair, FORK)!.localTag);
  for (const side of [pair.a, pair.b]) {
    const established = side.effects.flatMap((effect) =>
      effect.kind === 'established' ? [effect.context.fork] : [],
    );
    assert.deepEqual(established, [0, FORK]);
    assert.equal(side.core.size, 2);
    assert.deepEqual(
      [...side.core.contexts()].map(({ fork }) => fork),
      [0, FORK],
    );
  }
});

test('the option is in I1, I2 and I2bis of a fork and in no other message', () => {
  const pair = new Pair({ settings });
  establish(pair, 0);
  const carries = () =>
    pair.sent.map(({ message, type }) => {
      const decoded = decodeMessage(message);
      assert.ok(decoded.type !== 'Error' && decoded.type !== 'Unknown');
      return [type, findOption(decoded, 'ForkedInstanceIdentifier')?.identifier];
    });
  assert.ok(carries().every(([, fork]) => fork === undefined));
  pair.sent.length = 0;
  establish(pair, FORK);
  const lost = atB(pair, FORK)!.localTag;
  pair.b.core.remove(hostB.ulid, hostA.ulid, FORK);
  pair.b.core.handleUnknownTag(pair.now, {
    source: addresses(hostA)[0]!,
    destination: addresses(hostB)[0]!,
    tag: lost,
  });
  pair.collect();
  pair.runUntil(pair.now + 1_000);
  assert.deepEqual(carries(), [
    ['I1', FORK],
    ['R1', undefined],
    ['I2', FORK],
    ['R2', undefined],
    ['R1bis', undefined],
    ['I2bis', FORK],
    ['R2', undefined],
  ]);
  assert.equal(atB(pair, FORK)!.state, 'ESTABLISHED');
  assert.deepEqual(atA(pair, FORK)!.peerTag, atB(pair, FORK)!.localTag);
});

test('an R1 for one fork is no answer for another: the validator binds it', () => {
  const peer = new ScriptedPeer(settings);
  const r1 = peer.ask(peer.i1(), 'R1');
  peer.fork = 1;
  assert.deepEqual(peer.say(peer.i2(r1)), []);
  assert.equal(peer.core.counters['bad-validator'], 1);
});

test('forks live and end by themselves; a change of locators is told for each, a removed host takes them along', () => {
  const pair = new Pair({ settings });
  for (const fork of [0, 1, 2]) establish(pair, fork);
  pair.a.core.remove(hostA.ulid, hostB.ulid, 1);
  pair.collect();
  assert.equal(atA(pair, 1), undefined);
  assert.ok(pair.a.core.discard(atA(pair, 2)!));
  assert.equal(atA(pair, 0)!.state, 'ESTABLISHED');
  establish(pair, 2);
  pair.sent.length = 0;
  pair.a.core.setHost(pair.now, withLocators(hostA, { 0: { usable: false } }));
  pair.collect();
  pair.runUntil(pair.now + 1_000);
  assert.equal(pair.types.filter((type) => type === 'UpdateRequest').length, 2);
  const visited: number[] = [];
  pair.a.core.visitEstablished(({ fork }) => visited.push(fork));
  assert.deepEqual(visited, [0, 2]);
  pair.a.core.removeHost(hostA.ulid);
  assert.equal(pair.a.core.size, 0);
});

describe('limits', () => {
  test('ours: establish fails at once', () => {
    const pair = new Pair({ settings });
    for (const fork of [1, 2, 3, 4]) establish(pair, fork);
    const failed = pair.a.effects.filter(
      (effect): effect is Effect & { kind: 'failed' } => effect.kind === 'failed',
    );
    assert.deepEqual(
      failed.map(({ fork, reason }) => [fork, reason]),
      [[4, 'too-many-forks']],
    );
    assert.equal(pair.a.core.size, 3);
    establish(pair, 0);
    assert.equal(atA(pair, 0)!.state, 'ESTABLISHED', 'the default context is no fork');
  });

  test("peers': I1 and I2 of one too many are not answered", () => {
    const peer = new ScriptedPeer({ maximumForks: 1 });
    peer.fork = 1;
    const r1 = peer.ask(peer.i1(), 'R1');
    peer.fork = 2;
    const other = peer.ask(peer.i1(), 'R1');
    assert.equal(peer.say(peer.i2(other))[0]?.type, 'R2');
    peer.fork = 1;
    peer.tag = { high: 8, low: 8 };
    assert.deepEqual(peer.say(peer.i1()), []);
    assert.deepEqual(peer.say(peer.i2(r1)), []);
    assert.equal(peer.core.counters['too-many-forks'], 2);
    assert.equal(peer.core.size, 1);
  });

  test('none are made or accepted unless asked for', () => {
    const peer = new ScriptedPeer();
    peer.fork = 1;
    assert.deepEqual(peer.establish(), []);
    assert.deepEqual(peer.outcomes, ['failed']);
    assert.deepEqual(peer.say(peer.i1()), []);
    assert.equal(peer.core.counters['too-many-forks'], 2);
  });

  test('an identifier has 32 bits', () => {
    const { core } = new ScriptedPeer(settings);
    for (const fork of [-1, 0.5, 2 ** 32, Number.NaN]) {
      assert.throws(() => core.establish(0, hostA.ulid, hostB.ulid, addresses(hostB), { fork }), {
        name: 'ForkedInstanceError',
      });
    }
  });
});

test('a tag that the peer gives to another fork removes the one that had it, RFC 5533 §7.15', () => {
  const peer = new ScriptedPeer(settings).bring('ESTABLISHED');
  peer.fork = 5;
  peer.nonce = 6;
  peer.say(peer.i2(peer.ask(peer.i1(), 'R1')));
  assert.equal(peer.core.counters['context-confusion'], 1);
  assert.deepEqual(peer.outcomes, ['established', 'removed', 'established']);
  assert.equal(peer.context?.state, 'ESTABLISHED');
  assert.equal(peer.core.context(hostA.ulid, hostB.ulid), undefined);
});

test('contexts of several hosts and forks are all visited, and may be discarded on the way', () => {
  const pair = new Pair({ settings });
  const second = siteA.host(2, hostA.locators);
  pair.a.core.setHost(0, second);
  for (const fork of [0, 1, 2]) establish(pair, fork);
  pair.a.core.establish(pair.now, second.ulid, hostB.ulid, addresses(hostB), { fork: 1 });
  pair.a.core.establish(pair.now, second.ulid, hostB.ulid, addresses(hostB));
  pair.collect();
  let visited = 0;
  pair.a.core.visitEstablished((context) => {
    visited++;
    assert.ok(pair.a.core.discard(context));
    assert.ok(!pair.a.core.discard(context), 'once');
  });
  assert.equal(visited, 3, 'those of the second host are still being made');
  assert.equal(pair.a.core.size, 2);
  pair.collect();
  assert.equal(pair.a.outcomes.filter((kind) => kind === 'removed').length, 3);
});
