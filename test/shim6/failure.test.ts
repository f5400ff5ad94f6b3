import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../control/shim6/index.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { Pair } from './pair.ts';
import { addresses, locator, withLocators } from './sites.ts';

const failures = (effects: readonly Effect[]) => effects.filter((effect) => effect.kind === 'failed');

test('an unreachable peer: I1 over every pair with randomised backoff, then E-FAILED, then IDLE', () => {
  const delays: number[][] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const pair = new Pair({ seed, treatment: () => [] });
    pair.establish();
    pair.runUntil(3_600_000);
    assert.deepEqual(pair.types, ['I1', 'I1', 'I1', 'I1', 'I1']);
    const pairs = pair.sent.map(
      ({ source, destination }) => `${formatAddress(source)} ${formatAddress(destination)}`,
    );
    assert.deepEqual(pairs.slice(0, 2), ['2001:db8:11::1 2001:db8:21::2', '2001:db8:12::1 2001:db8:22::2']);
    assert.equal(new Set(pairs).size, 4);
    // Each destination has its own Initiator Nonce; the message is the same otherwise, and for one destination wholly.
    const byDestination = pair.sent.map(
      ({ destination, message }) => `${formatAddress(destination)} ${Buffer.from(message).toString('hex')}`,
    );
    assert.equal(new Set(byDestination).size, 2);
    delays.push(pair.sent.slice(1).map(({ at }, index) => at - pair.sent[index]!.at));
    const [failure] = failures(pair.a.effects);
    assert.equal(failure?.reason, 'no-response');
    assert.deepEqual(failure.local, pair.a.host.ulid);
    assert.deepEqual(failure.peer, pair.b.host.ulid);
    assert.equal(pair.a.core.size, 0);
    assert.deepEqual(pair.a.outcomes, ['failed']);
  }
  for (const run of delays) {
    for (const [index, delay] of run.entries()) {
      const nominal = 4_000 * 2 ** index;
      assert.ok(delay >= 0.5 * nominal && delay <= 1.5 * nominal, `${delay} ms for ${nominal}`);
    }
  }
  const first = delays.map(([delay]) => delay!);
  assert.ok(Math.min(...first) < 3_000 && Math.max(...first) > 5_000, 'spread over the range');
});

test('during the holddown establish fails at once; after it the peer is tried again', () => {
  const pair = new Pair({ treatment: () => [] });
  pair.establish();
  while (pair.a.outcomes.length === 0) pair.runUntil(pair.a.core.nextTimeout()!);
  const failedAt = pair.now;
  const [failure] = failures(pair.a.effects);
  assert.equal(failure?.holddownUntil, failedAt + 60_000);
  assert.equal(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)?.state, 'E-FAILED');
  const before = pair.sent.length;
  pair.runUntil(failedAt + 59_999);
  pair.establish();
  assert.equal(pair.sent.length, before);
  assert.deepEqual(failures(pair.a.effects)[1], failure);
  pair.treatment = (sent) => [sent];
  pair.runUntil(failedAt + 60_000);
  pair.establish();
  pair.runUntil(pair.now + 1_000);
  assert.equal(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)?.state, 'ESTABLISHED');
});

test('in E-FAILED packets are processed as in IDLE: the peer may still establish', () => {
  const pair = new Pair({ treatment: () => [] });
  pair.establish();
  while (pair.a.outcomes.length === 0) pair.runUntil(pair.a.core.nextTimeout()!);
  pair.treatment = (sent) => [sent];
  pair.establish(pair.b);
  pair.runUntil(pair.now + 1_000);
  assert.equal(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)?.state, 'ESTABLISHED');
  assert.deepEqual(pair.a.outcomes, ['failed', 'established']);
  assert.equal(pair.a.core.nextTimeout(), undefined);
});

test('a peer that answers R1 but never R2 is given up as well', () => {
  const pair = new Pair({ treatment: (sent) => (sent.type === 'I2' ? [] : [sent]) });
  pair.establish();
  pair.runUntil(3_600_000);
  assert.equal(pair.types.filter((type) => type === 'I1').length, 5);
  assert.equal(pair.types.filter((type) => type === 'I2').length, 15);
  assert.deepEqual(pair.a.outcomes, ['failed']);
  assert.equal(pair.b.core.size, 0);
});

test('what cannot start fails at once, without holddown and without a context', () => {
  const pair = new Pair({ settings: { maximumContexts: 1 } });
  const { a, b } = pair;
  const reasons = () => {
    pair.collect();
    assert.deepEqual(pair.types, []);
    return failures(a.effects).map(({ reason, holddownUntil }) => [reason, holddownUntil]);
  };
  a.core.establish(5, parseAddress('fc00:db8:1::99'), b.host.ulid, addresses(b.host));
  a.core.establish(6, a.host.ulid, b.host.ulid, []);
  a.core.setHost(7, withLocators(a.host, { 0: { usable: false }, 1: { usable: false } }));
  a.core.establish(8, a.host.ulid, b.host.ulid, addresses(b.host));
  assert.deepEqual(reasons(), [
    ['unknown-host', 5],
    ['no-peer-locator', 6],
    ['no-usable-locator', 8],
  ]);
  a.core.setHost(9, a.host);
  pair.establish();
  a.core.establish(10, a.host.ulid, parseAddress('fc00:db8:2::77'), addresses(b.host));
  pair.collect();
  assert.equal(failures(a.effects).at(-1)?.reason, 'table-full');
  assert.equal(a.core.counters['table-full'], 1);
});

test('a context or host that is removed takes everything with it', () => {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  pair.a.core.remove(pair.a.host.ulid, pair.b.host.ulid);
  pair.b.core.removeHost(pair.b.host.ulid);
  pair.collect();
  assert.deepEqual(pair.a.outcomes, ['established', 'removed']);
  assert.deepEqual(pair.b.outcomes, ['established', 'removed']);
  pair.establish();
  pair.a.core.removeHost(pair.a.host.ulid);
  pair.runUntil(100_000);
  assert.deepEqual(
    pair.a.outcomes,
    ['established', 'removed'],
    'a handshake that was cut short is no context',
  );
  assert.equal(pair.a.core.size, 0);
  assert.equal(pair.b.core.counters['not-for-us'], 1);
});

test('a host that cannot be announced is refused when it is set', () => {
  const { a } = new Pair();
  const set = (locators: ReturnType<typeof locator>[]) => () =>
    a.core.setHost(0, { ulid: a.host.ulid, locators });
  const one = locator('2001:db8:11::1');
  for (const locators of [
    [],
    [one, one],
    [locator('2001:db8:11::1', { priority: 256 })],
    [locator('2001:db8:11::1', { weight: 0.5 })],
    Array.from({ length: 17 }, (_, index) => locator(`2001:db8:11::${index + 1}`)),
  ]) {
    assert.throws(set(locators), { name: 'LocalHostError' });
  }
  const stranger = { ulid: parseAddress('fc00:db8:1::99'), locators: [one] };
  assert.throws(() => a.core.setHost(0, stranger), { name: 'UnknownUlidError' });
});
