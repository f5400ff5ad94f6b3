/** A peer that speaks SHIM6 for itself: its ULID is routable and one of its locators. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LocalHost } from '../../control/shim6/index.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, encodeMessage, findOption } from '../../control/wire/shim6/index.ts';
import { Pair, type Treatment } from './pair.ts';
import { addresses, hostA, locator, Site, siteA } from './sites.ts';

const provider = new Site('2001:db8:31::');

/** The ULID first among the locators, then one of another provider. */
function single(): LocalHost {
  const { ulid } = provider.host(1, []);
  return { ulid, locators: [locator(formatAddress(ulid)), locator('2001:db8:32::3')] };
}

/** B is the single host; A is a box for host A. */
class Hosts extends Pair {
  readonly host = single();
  constructor(treatment: Treatment = (sent) => [sent]) {
    super({ identityA: siteA.identity, identityB: provider.identity, treatment, hostB: single() });
  }
  get atA() {
    return this.a.core.context(hostA.ulid, this.host.ulid);
  }
  get atB() {
    return this.b.core.context(this.host.ulid, hostA.ulid);
  }
}

/** A host that says no more than it must: no ULID pair where the addresses are the ULIDs, no locators but its ULID. */
const terse: Treatment = (sent) => {
  const message = decodeMessage(sent.message);
  if (sent.from === 'a' || !('options' in message)) return [sent];
  const needless = ['LocatorList', 'LocatorPreferences', 'CgaParameterDataStructure', 'CgaSignature'];
  const options = message.options.filter(({ type }) => !needless.includes(type));
  return [{ ...sent, message: encodeMessage({ ...message, options }) }];
};

function assertTogether(pair: Hosts, locators: readonly Uint8Array[]): void {
  assert.equal(pair.atA?.state, 'ESTABLISHED');
  assert.equal(pair.atB?.state, 'ESTABLISHED');
  assert.deepEqual(pair.atA.peerTag, pair.atB.localTag);
  assert.deepEqual(pair.atB.peerTag, pair.atA.localTag);
  assert.deepEqual(
    pair.atA.peerLocators.map(({ address }) => address),
    locators,
  );
}

describe('as responder', () => {
  test('the box establishes with it, and learns its other locator', () => {
    const pair = new Hosts();
    pair.establish(pair.a);
    pair.runUntil(60_000);
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
    assertTogether(pair, addresses(pair.host));
  });

  test('without a locator list its ULID is its only locator, which needs no proof', () => {
    const pair = new Hosts(terse);
    pair.a.core.establish(0, hostA.ulid, pair.host.ulid, [pair.host.ulid]);
    pair.collect();
    pair.runUntil(60_000);
    assertTogether(pair, [pair.host.ulid]);
    assert.equal(pair.atA!.peerLocators[0]!.method, 0);
  });

  test('without a list, and from another address than its ULID: not believed', () => {
    const pair = new Hosts(terse);
    pair.a.core.establish(0, hostA.ulid, pair.host.ulid, [addresses(pair.host)[1]!]);
    pair.collect();
    pair.runUntil(1_000);
    assert.equal(pair.atA!.state, 'I2-SENT');
    assert.equal(pair.a.core.counters['source-not-listed'], 1);
  });
});

describe('as initiator', () => {
  test('it establishes with a box', () => {
    const pair = new Hosts();
    pair.establish(pair.b);
    pair.runUntil(60_000);
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
    assertTogether(pair, addresses(pair.host));
  });

  test('without a locator list', () => {
    const pair = new Hosts(terse);
    pair.establish(pair.b);
    pair.runUntil(60_000);
    assertTogether(pair, [pair.host.ulid]);
  });
});

test('two single hosts on their ULIDs need no ULID Pair option, and may send one', () => {
  const other = new Site('2001:db8:41::');
  const { ulid } = other.host(1, []);
  const first: LocalHost = { ulid, locators: [locator(formatAddress(ulid))] };
  for (const left of [true, false]) {
    const pair = new Pair({
      identityA: other.identity,
      identityB: provider.identity,
      hostA: first,
      hostB: single(),
      treatment: (sent) => {
        const message = decodeMessage(sent.message);
        if (!left || !('options' in message)) return [sent];
        assert.ok(message.type === 'R1' || message.type === 'R2' || findOption(message, 'UlidPair'));
        const options = message.options.filter(({ type }) => type !== 'UlidPair');
        return [{ ...sent, message: encodeMessage({ ...message, options }) }];
      },
    });
    pair.establish();
    pair.runUntil(60_000);
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
    const context = pair.b.core.context(pair.b.host.ulid, first.ulid);
    assert.equal(context?.state, 'ESTABLISHED');
    assert.deepEqual(context.peerLocator, first.ulid);
  }
});

test('it loses its context: recovered by R1bis, I2bis and R2; it changes locators: told by Update', () => {
  const pair = new Hosts();
  pair.establish(pair.a);
  pair.runUntil(1_000);
  const tag = pair.atB!.localTag;
  pair.b.core.remove(pair.host.ulid, hostA.ulid);
  pair.b.core.handleUnknownTag(pair.now, {
    source: addresses(hostA)[0]!,
    destination: pair.host.ulid,
    tag,
  });
  pair.collect();
  pair.runUntil(2_000);
  assertTogether(pair, addresses(pair.host));
  const moved = { ...pair.host, locators: pair.host.locators.slice(0, 1) };
  pair.b.core.setHost(pair.now, moved);
  pair.collect();
  pair.runUntil(3_000);
  assertTogether(pair, [pair.host.ulid]);
  assert.deepEqual(pair.types.slice(4), ['R1bis', 'I2bis', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
});
