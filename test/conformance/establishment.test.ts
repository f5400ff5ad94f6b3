/** What RFC 5533 §5.4 to §5.9 and §7 ask of establishment and recovery, where no other test asks it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { equalAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, findOption, type Message } from '../../control/wire/shim6/index.ts';
import { assertEstablished } from '../shim6/assertions.ts';
import { losing, Pair } from '../shim6/pair.ts';
import { addresses } from '../shim6/sites.ts';

type Exchange = Extract<Message, { options: unknown }>;

const messages = (pair: Pair, type: Message['type']): Exchange[] =>
  pair.sent
    .filter((sent) => sent.type === type)
    .map(({ message }) => decodeMessage(message))
    .filter((message): message is Exchange => message.type !== 'Unknown' && message.type !== 'Error');

/** Establishes, loses the context at B, and recovers it because A sends payload. */
function recovered(fork: number): Pair {
  const pair = new Pair({ settings: { maximumForks: 4 } });
  const { a, b } = pair;
  a.core.establish(0, a.host.ulid, b.host.ulid, addresses(b.host), { fork });
  pair.collect();
  pair.runUntil(1_000);
  const { peerTag } = a.core.context(a.host.ulid, b.host.ulid, fork)!;
  b.core.remove(b.host.ulid, a.host.ulid, fork);
  const [source, destination] = [addresses(a.host)[0]!, addresses(b.host)[0]!];
  b.core.handleUnknownTag(pair.now, { source, destination, tag: peerTag });
  pair.collect();
  pair.runUntil(2_000);
  assert.equal(b.core.context(b.host.ulid, a.host.ulid, fork)?.state, 'ESTABLISHED');
  return pair;
}

describe('the Forked Instance Identifier', () => {
  for (const type of ['I1', 'I2', 'I2bis'] as const) {
    test(`is in ${type} of a forked context, and in none of the default one`, () => {
      const carried = (fork: number) =>
        messages(recovered(fork), type).map((one) => findOption(one, 'ForkedInstanceIdentifier')?.identifier);
      assert.deepEqual(carried(5), [5]);
      assert.deepEqual(carried(0), [undefined]);
    });
  }
});

test('I2 and I2bis carry the validator they were given, the ULID pair, every locator and its proof', () => {
  const pair = recovered(0);
  for (const [question, answer] of [
    ['R1', 'I2'],
    ['R1bis', 'I2bis'],
  ] as const) {
    const [given] = messages(pair, question);
    const [taken] = messages(pair, answer);
    assert.ok(given !== undefined && taken !== undefined);
    assert.deepEqual(findOption(taken, 'ResponderValidator'), findOption(given, 'ResponderValidator'));
    const ulids = { type: 'UlidPair', sender: pair.a.host.ulid, receiver: pair.b.host.ulid };
    assert.deepEqual(findOption(taken, 'UlidPair'), ulids);
    const listed = findOption(taken, 'LocatorList')!.locators.map(({ address }) => address);
    assert.deepEqual(listed, addresses(pair.a.host));
    assert.ok(findOption(taken, 'CgaParameterDataStructure') && findOption(taken, 'CgaSignature'));
  }
});

test('a context that recovers gets a tag of its own, not the Packet Context Tag', () => {
  const pair = recovered(0);
  const [i2bis] = messages(pair, 'I2bis');
  assert.ok(i2bis?.type === 'I2bis');
  const { localTag } = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
  assert.notDeepEqual(localTag, i2bis.packetTag);
});

test('a context is established with neither side’s locators before they are verified', () => {
  const pair = new Pair({ treatment: losing('R2', () => true) });
  pair.establish();
  pair.runUntil(100);
  const atA = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
  assert.equal(atA.state, 'I2-SENT');
  assert.deepEqual(atA.peerLocators, []);
  pair.treatment = (sent) => [sent];
  pair.runUntil(20_000);
  assertEstablished(pair);
});

describe('a valid I2 is answered by R2 in every state of its receiver (§7.13)', () => {
  test('ESTABLISHED by R2 while the I2 that answers an R1 sent before was on its way', () => {
    const pair = new Pair();
    const { a, b } = pair;
    // B asks; A's R1 is on its way when A asks as well, and B's R2 to A's I1 overtakes all else.
    pair.establish(b, a);
    pair.runUntil(10);
    pair.treatment = (sent) => (sent.type === 'I2' ? [] : [sent]);
    pair.establish(a, b);
    pair.runUntil(1_000);
    assert.equal(a.core.context(a.host.ulid, b.host.ulid)?.state, 'ESTABLISHED');
    assert.equal(b.core.context(b.host.ulid, a.host.ulid)?.state, 'I2-SENT');
    pair.treatment = (sent) => [sent];
    const before = pair.sent.length;
    pair.runUntil(60_000);
    assertEstablished(pair);
    assert.deepEqual(pair.types.slice(before), ['I2', 'R2']);
  });
});

test('what the initiator sends goes to addresses that it seeks, from its own', () => {
  const pair = recovered(0);
  for (const { from, source, destination } of pair.sent) {
    const [ours, theirs] = from === 'a' ? [pair.a, pair.b] : [pair.b, pair.a];
    assert.ok(addresses(ours.host).some((address) => equalAddress(address, source)));
    assert.ok(addresses(theirs.host).some((address) => equalAddress(address, destination)));
  }
});
