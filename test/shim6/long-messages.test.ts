/** No message exceeds 1280 octets with its IPv6 header, RFC 5533 §5.1: what does not fit follows by Update Request. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IdentityProvider } from '../../control/identity/index.ts';
import type { LocalHost } from '../../control/shim6/index.ts';
import { type Address, equalAddress, formatAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, findOption } from '../../control/wire/shim6/index.ts';
import { trusting } from './many.ts';
import { losing, Pair, type PairOptions, type Sent } from './pair.ts';
import { hostA, hostB, locator, withLocators } from './sites.ts';

/** The sizes of an RSA key: behind 25 octets of CGA parameters, and of its signature. */
const rsa = (bits: number): IdentityProvider => ({
  ...trusting,
  parameters: () => new Uint8Array(25 + bits / 8 + 38),
  sign: () => new Uint8Array(bits / 8),
});

const many = (count: number): LocalHost => ({
  ulid: hostA.ulid,
  locators: Array.from({ length: count }, (_, index) =>
    locator(`2001:db8:${(0x100 + index).toString(16)}::1`, { priority: index }),
  ),
});

const options = ({ message }: Sent): string[] => {
  const decoded = decodeMessage(message);
  return 'options' in decoded ? decoded.options.map(({ type }) => type) : [];
};

const listed = ({ message }: Sent): readonly Address[] | undefined => {
  const decoded = decodeMessage(message);
  assert.ok('options' in decoded);
  return findOption(decoded, 'LocatorList')?.locators.map(({ address }) => address);
};

function run(host: LocalHost, identityA: IdentityProvider, more: PairOptions = {}): Pair {
  const pair = new Pair({ identityA, identityB: trusting, ...more });
  for (const { address } of host.locators) pair.own(pair.a, address);
  pair.a.core.setHost(0, host);
  pair.establish();
  pair.runUntil(200_000);
  for (const { message } of pair.sent) assert.ok(message.length <= 1240, `${message.length} octets`);
  return pair;
}

const knownAtB = (pair: Pair) =>
  pair.b.core
    .context(hostB.ulid, hostA.ulid)!
    .peerLocators.map(({ address, priority }) => [formatAddress(address), priority]);

const asTold = ({ locators }: LocalHost) =>
  locators.map(({ address, priority }) => [formatAddress(address), priority]);

test('preferences that say nothing are left out, and nothing follows', () => {
  const host = withLocators(hostA, { 0: { priority: 1 }, 1: { priority: 1 } });
  const pair = run(host, rsa(4096));
  assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
  assert.ok(!options(pair.sent[2]!).includes('LocatorPreferences'));
  assert.ok(options(pair.sent[3]!).includes('LocatorPreferences'), 'R2 is shorter');
});

test('preferences that say something follow by themselves', () => {
  const pair = run(hostA, rsa(4096));
  assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
  assert.deepEqual(options(pair.sent[4]!), ['LocatorPreferences']);
  assert.deepEqual(knownAtB(pair), asTold(hostA));
});

describe('16 locators and RSA-4096', () => {
  const host = many(16);

  test('I2 tells the one it is sent from and the best that fit, Update Request all', () => {
    const pair = run(host, rsa(4096));
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
    const [, , i2, , update] = pair.sent;
    const told = listed(i2!)!;
    assert.equal(told.length, 2);
    assert.ok(equalAddress(told[0]!, i2!.source));
    assert.deepEqual(options(update!), ['LocatorList', 'LocatorPreferences', 'CgaSignature']);
    assert.ok(
      told.some((address) => equalAddress(address, update!.source)),
      'from a locator that is known',
    );
    assert.deepEqual(knownAtB(pair), asTold(host));
  });

  test('only what was told is acknowledged, until the Update is', () => {
    const pair = run(host, rsa(4096), { treatment: losing('UpdateAcknowledgement', () => true) });
    const acknowledged = () =>
      pair.a.core.context(hostA.ulid, hostB.ulid)!.localLocators.filter((one) => one.acknowledged).length;
    assert.equal(acknowledged(), 2);
    pair.treatment = (sent) => [sent];
    pair.runUntil(pair.now + 200_000);
    assert.equal(acknowledged(), 16);
    assert.equal(pair.a.outcomes.at(-1), 'changed', 'they may be used as source now');
  });

  test('R2 as well', () => {
    const pair = new Pair({ identityA: rsa(4096), identityB: trusting });
    for (const { address } of host.locators) pair.own(pair.a, address);
    pair.a.core.setHost(0, host);
    pair.b.core.establish(0, hostB.ulid, hostA.ulid, [host.locators[5]!.address]);
    pair.collect();
    pair.runUntil(60_000);
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
    assert.ok(equalAddress(listed(pair.sent[3]!)![0]!, host.locators[5]!.address));
    assert.deepEqual(knownAtB(pair), asTold(host));
  });

  test('R2 lost: its repetition tells the same', () => {
    const pair = run(host, rsa(4096), { treatment: losing('R2') });
    assert.deepEqual(knownAtB(pair), asTold(host));
    assert.equal(pair.a.core.nextTimeout(), undefined);
  });

  test('I2bis as well', () => {
    const pair = run(host, rsa(4096));
    const lost = pair.b.core.context(hostB.ulid, hostA.ulid)!.localTag;
    pair.b.core.remove(hostB.ulid, hostA.ulid);
    const packet = { source: host.locators[3]!.address, destination: hostB.locators[0]!.address };
    pair.b.core.handleUnknownTag(pair.now, { ...packet, tag: lost });
    pair.collect();
    pair.sent.length = 0;
    pair.runUntil(pair.now + 60_000);
    assert.deepEqual(pair.types, ['I2bis', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
    assert.deepEqual(knownAtB(pair), asTold(host));
  });

  test('each list is signed once, however many peers hear it', () => {
    let signatures = 0;
    const identity = rsa(4096);
    const counting = {
      ...identity,
      sign(...of: Parameters<typeof identity.sign>) {
        signatures++;
        return identity.sign(...of);
      },
    };
    const pair = run(host, counting);
    const before = signatures;
    for (let turn = 0; turn < 5; turn++) {
      pair.a.core.remove(hostA.ulid, hostB.ulid);
      pair.collect();
      pair.establish();
      pair.runUntil(pair.now + 10_000);
    }
    assert.equal(signatures, before);
  });
});

test('a list and signature that fit no Update are told as far as they fit, and that ends', () => {
  const { ulid } = hostA;
  const first = locator(formatAddress(ulid), { priority: 0 });
  const pair = run({ ulid, locators: [first, ...many(15).locators] }, rsa(8192));
  assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
  assert.equal(knownAtB(pair).length, 10);
  assert.equal(pair.a.core.nextTimeout(), undefined);
});

test('not even one locator fits: the establishment fails at once, with that reason, counted', () => {
  const pair = run(hostA, rsa(8192));
  assert.deepEqual(pair.types, ['I1', 'R1']);
  assert.deepEqual(
    pair.a.effects.flatMap((effect) => (effect.kind === 'failed' ? [effect.reason] : [])),
    ['message-too-long'],
  );
  assert.equal(pair.a.core.counters['message-too-long'], 1);
});

test('an I2bis, which is longer than I2, does not fit: the full establishment takes its place', () => {
  const pair = run(hostA, rsa(4160));
  const lost = pair.b.core.context(hostB.ulid, hostA.ulid)!.localTag;
  pair.b.core.remove(hostB.ulid, hostA.ulid);
  pair.b.core.handleUnknownTag(pair.now, {
    source: hostA.locators[0]!.address,
    destination: hostB.locators[0]!.address,
    tag: lost,
  });
  pair.sent.length = 0;
  pair.collect();
  pair.runUntil(pair.now + 10_000);
  assert.deepEqual(pair.types.slice(0, 5), ['R1bis', 'I1', 'R1', 'I2', 'R2']);
  assert.equal(pair.sent[3]!.message.length, 1240);
  assert.deepEqual(knownAtB(pair), asTold(hostA));
});

test('a host whose ULID is a locator needs no list to begin with: its parameters, then the rest', () => {
  const ulid = hostA.ulid;
  const pair = run({ ulid, locators: [locator(formatAddress(ulid)), ...hostA.locators] }, rsa(8192));
  assert.deepEqual(options(pair.sent[2]!), ['ResponderValidator', 'UlidPair', 'CgaParameterDataStructure']);
  assert.deepEqual(pair.types.slice(0, 5), ['I1', 'R1', 'I2', 'R2', 'UpdateRequest']);
  assert.deepEqual(options(pair.sent[4]!), ['LocatorList', 'LocatorPreferences', 'CgaSignature']);
  assert.equal(knownAtB(pair).length, 3);
});

test('and as responder, also when its R2 is lost', () => {
  const ulid = hostA.ulid;
  const host = { ulid, locators: [locator(formatAddress(ulid)), ...hostA.locators] };
  const pair = new Pair({ identityA: rsa(8192), identityB: trusting, treatment: losing('R2') });
  pair.own(pair.a, ulid);
  pair.a.core.setHost(0, host);
  pair.b.core.establish(0, hostB.ulid, ulid, [ulid]);
  pair.collect();
  pair.runUntil(60_000);
  assert.deepEqual(pair.types.slice(0, 4), ['I1', 'R1', 'I2', 'R2']);
  assert.equal(knownAtB(pair).length, 3);
  assert.equal(pair.a.core.nextTimeout(), undefined);
});
