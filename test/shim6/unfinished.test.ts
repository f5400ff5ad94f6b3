/** Nothing is left behind: contexts that come to nothing end by themselves, and are bounded while they last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State } from '../../control/shim6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { Pair } from './pair.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { addresses, hostA, hostB, siteA } from './sites.ts';

test('every state but ESTABLISHED has a deadline, and silence ends in IDLE', () => {
  const states: readonly State[] = ['I1-SENT', 'I2-SENT', 'I2BIS-SENT', 'E-FAILED', 'NO-SUPPORT'];
  for (const state of states) {
    const peer = new ScriptedPeer().bring(state);
    let turns = 0;
    for (; peer.core.nextTimeout() !== undefined; turns++) {
      assert.ok(turns < 30, `${state}: no end`);
      peer.timeout();
    }
    assert.ok(turns > 0, state);
    assert.equal(peer.core.size, 0, state);
    assert.equal(peer.core.counters['too-many-unfinished'], 0);
  }
});

test('nor does a peer keep them alive by what it sends', () => {
  for (const state of ['I1-SENT', 'I2-SENT', 'I2BIS-SENT'] as const) {
    const peer = new ScriptedPeer().bring(state);
    const tag = peer.context!.localTag;
    const types: string[] = [];
    for (let second = 0; second < 300; second++) {
      types.push(...peer.pass(1_000).map(({ type }) => type));
      types.push(...peer.payload(tag).map(({ type }) => type));
      types.push(...peer.say(peer.update(tag)).map(({ type }) => type));
    }
    assert.ok(peer.outcomes.includes('failed'), state);
    assert.equal(peer.core.size, 0, state);
    assert.ok(types.filter((type) => type.startsWith('I')).length < 100, 'and draws no flood');
  }
});

test('a host may have so many unfinished contexts; other hosts are not affected, finished ones make room', () => {
  const pair = new Pair({ settings: { maximumUnfinished: 3 } });
  const { core } = pair.a;
  const other = siteA.host(2, hostA.locators);
  core.setHost(0, other);
  const silent = (number: number) => parseAddress(`fc00:db8:2::${number + 1}`);
  for (let number = 0; number < 5; number++) core.establish(0, hostA.ulid, silent(number), addresses(hostB));
  pair.collect();
  const failed = () => pair.a.effects.flatMap((effect) => (effect.kind === 'failed' ? [effect.reason] : []));
  assert.deepEqual(failed(), ['too-many-unfinished', 'too-many-unfinished']);
  assert.equal(core.counters['too-many-unfinished'], 2);
  core.establish(0, other.ulid, hostB.ulid, addresses(hostB));
  pair.collect();
  assert.equal(core.size, 4);
  pair.runUntil(1_000_000);
  assert.equal(core.size, 1, 'the one that was answered');
  for (let turn = 0; turn < 5; turn++) {
    pair.establish();
    pair.runUntil(pair.now + 1_000);
    core.remove(hostA.ulid, hostB.ulid);
  }
  assert.deepEqual(failed().slice(2), ['no-response', 'no-response', 'no-response']);
});

test('discard takes established contexts alone', () => {
  for (const state of ['I1-SENT', 'I2-SENT', 'I2BIS-SENT', 'E-FAILED', 'NO-SUPPORT'] as const) {
    const peer = new ScriptedPeer().bring(state);
    const visited: unknown[] = [];
    peer.core.visitEstablished((context) => visited.push(context));
    assert.deepEqual(visited, []);
    assert.ok(!peer.core.discard(peer.context!));
    assert.equal(peer.state, state);
  }
  const peer = new ScriptedPeer().bring('ESTABLISHED');
  const old = peer.context!;
  assert.ok(peer.core.discard(old));
  peer.bring('ESTABLISHED');
  assert.ok(!peer.core.discard(old), 'not the one that came after');
  assert.equal(peer.state, 'ESTABLISHED');
});
