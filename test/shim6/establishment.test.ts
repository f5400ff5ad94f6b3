import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LocatorPair } from '../../control/shim6/locator-pairs.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, findOption, tagNumber } from '../../control/wire/shim6/index.ts';
import { assertEstablished } from './assertions.ts';
import { losing, Pair, type PairOptions, type Sent } from './pair.ts';
import { addresses, hostB } from './sites.ts';

function run(options: PairOptions, until = 60_000): Pair {
  const pair = new Pair(options);
  pair.establish();
  pair.runUntil(until);
  return pair;
}

test('I1, R1, I2, R2: four messages, RFC 5533 §7.3', () => {
  const pair = run({});
  assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
  assertEstablished(pair);
  assert.equal(pair.a.core.nextTimeout(), undefined);
  assert.equal(pair.b.core.nextTimeout(), undefined);
  const context = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
  assert.equal(context.startedAt, 0);
  assert.equal(context.establishedAt, 40);
  assert.equal(formatAddress(context.localLocator), '2001:db8:11::1');
  assert.equal(formatAddress(context.peerLocator), '2001:db8:21::2');
});

test('the messages carry what RFC 5533 §5 and unroutable ULIDs ask for', () => {
  const pair = run({});
  const [i1, r1, i2, r2] = pair.sent.map(({ message }) => decodeMessage(message));
  assert.ok(i1?.type === 'I1' && r1?.type === 'R1' && i2?.type === 'I2' && r2?.type === 'R2');
  const ulids = { type: 'UlidPair', sender: pair.a.host.ulid, receiver: pair.b.host.ulid };
  assert.deepEqual(i1.options, [ulids]);
  assert.deepEqual(findOption(i2, 'UlidPair'), ulids);
  assert.deepEqual(findOption(i2, 'ResponderValidator'), findOption(r1, 'ResponderValidator'));
  for (const message of [i2, r2]) {
    const types = message.options.map(({ type }) => type);
    assert.deepEqual(types.slice(-4), [
      'LocatorList',
      'LocatorPreferences',
      'CgaParameterDataStructure',
      'CgaSignature',
    ]);
  }
});

test('I1 goes first where there are no doubts, and elsewhere when that is in vain', () => {
  const to = (pair: Pair) =>
    pair.sent.filter(({ type }) => type === 'I1').map(({ destination }) => formatAddress(destination));
  const [preferred, other] = addresses(hostB).map(formatAddress);
  const doubts = ({ destination }: LocatorPair) => Number(formatAddress(destination) === preferred);
  assert.deepEqual(to(run({})), [preferred]);
  assert.deepEqual(to(run({ doubts })), [other]);
  const reachesPreferred = (sent: Sent) => (formatAddress(sent.destination) === other ? [] : [sent]);
  assert.deepEqual(to(run({ doubts, treatment: reachesPreferred })), [other, other, preferred]);
});

test('establish is idempotent', () => {
  const pair = new Pair();
  pair.establish();
  pair.establish();
  pair.runUntil(1000);
  pair.establish();
  assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
});

describe('each message lost', () => {
  for (const [type, expected] of [
    ['I1', ['I1', 'I1', 'R1', 'I2', 'R2']],
    ['R1', ['I1', 'R1', 'I1', 'R1', 'I2', 'R2']],
    ['I2', ['I1', 'R1', 'I2', 'I2', 'R2']],
    ['R2', ['I1', 'R1', 'I2', 'R2', 'I2', 'R2']],
  ] as const) {
    test(`${type} lost once`, () => {
      const pair = run({ treatment: losing(type) });
      assert.deepEqual(pair.types, expected);
      assertEstablished(pair);
      assert.ok(pair.now >= 2000);
    });
  }
  test('I2 lost for good on one pair: I1 goes out again on another, RFC 5533 §7.12', () => {
    const pair = new Pair();
    pair.treatment = (sent) =>
      sent.type === 'I2' && formatAddress(sent.source) === '2001:db8:11::1' ? [] : [sent];
    pair.establish();
    pair.runUntil(120_000);
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'I2', 'I2', 'I1', 'R1', 'I2', 'R2']);
    assertEstablished(pair);
    const context = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
    assert.equal(formatAddress(context.peerLocator), '2001:db8:12::1');
  });
});

test('everything duplicated', () => {
  const pair = run({ duplication: 1 });
  assertEstablished(pair);
  assert.deepEqual(pair.a.outcomes, ['established']);
  assert.deepEqual(pair.b.outcomes, ['established']);
});

describe('loss, duplication and reordering together, many seeds', () => {
  for (let seed = 1; seed <= 60; seed++) {
    test(`seed ${seed}`, () => {
      const pair = new Pair({ seed, loss: 0.2, duplication: 0.3, jitter: 3000 });
      pair.establish();
      if (seed % 2 === 0) pair.establish(pair.b);
      pair.runUntil(400_000);
      if (pair.a.outcomes.includes('failed') || pair.b.outcomes.includes('failed')) {
        // So much was lost that retransmissions ran out: a new attempt after the holddown must succeed in the end.
        for (let attempt = 0; attempt < 5; attempt++) {
          pair.establish();
          pair.runUntil(pair.now + 400_000);
        }
      }
      const atA = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid);
      const atB = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid);
      assert.equal(atA?.state, 'ESTABLISHED');
      assert.equal(atB?.state, 'ESTABLISHED');
      assert.deepEqual(atA.peerTag, atB.localTag);
      assert.deepEqual(atB.peerTag, atA.localTag);
    });
  }
});

describe('crossing handshakes, RFC 5533 §7.4', () => {
  test('I1 and I1', () => {
    const pair = new Pair();
    pair.establish(pair.a);
    pair.establish(pair.b);
    pair.runUntil(60_000);
    assert.deepEqual(pair.types, ['I1', 'I1', 'R2', 'R2']);
    assertEstablished(pair);
  });
  test('I1 and I1, one R2 lost: the retransmitted I1 has the tag that is known, and draws R2', () => {
    const pair = new Pair({ treatment: losing('R2') });
    pair.establish(pair.a);
    pair.establish(pair.b);
    pair.runUntil(60_000);
    assert.deepEqual(pair.types, ['I1', 'I1', 'R2', 'R2', 'I1', 'R2']);
    assertEstablished(pair);
  });
  test('I2 and I1', () => {
    const pair = new Pair();
    pair.establish(pair.a);
    pair.runUntil(15);
    pair.establish(pair.b);
    pair.runUntil(60_000);
    assert.deepEqual(pair.types.slice(0, 4), ['I1', 'R1', 'I1', 'I2']);
    assertEstablished(pair);
  });
  test('I2 and I2', () => {
    const pair = new Pair();
    // Each side seeks the other at a locator that the other's I1 does not come from: both answer R1, both send I2.
    pair.a.core.establish(0, pair.a.host.ulid, pair.b.host.ulid, addresses(pair.b.host).slice(1));
    pair.b.core.establish(0, pair.b.host.ulid, pair.a.host.ulid, addresses(pair.a.host).slice(1));
    pair.collect();
    pair.runUntil(60_000);
    assert.deepEqual(pair.types, ['I1', 'I1', 'R1', 'R1', 'I2', 'I2', 'R2', 'R2']);
    assertEstablished(pair);
  });
});

test('tags are unique and fill 47 bits', () => {
  const pair = run({});
  const tags = new Set<number>();
  for (let number = 1; number <= 200; number++) {
    const peer = pair.b.host.ulid.slice();
    peer[15] = number;
    pair.a.core.establish(pair.now, pair.a.host.ulid, peer, addresses(pair.b.host));
  }
  let union = 0;
  for (const context of pair.a.core.contexts()) {
    tags.add(tagNumber(context.localTag));
    union |= context.localTag.high;
  }
  assert.equal(tags.size, pair.a.core.size);
  assert.equal(union, 0x7fff);
});

test('the same seed gives the same run', () => {
  const options = { seed: 7, loss: 0.2, duplication: 0.3, jitter: 500 };
  const first = run(options).transcript();
  assert.equal(run(options).transcript(), first);
  assert.notEqual(run({ ...options, seed: 8 }).transcript(), first);
});
