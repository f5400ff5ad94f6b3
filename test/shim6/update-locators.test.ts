/** What an Update Request may tell: preferences and flags, other lists, newer information, a peer that moves (§10). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, encodeMessage, findOption } from '../../control/wire/shim6/index.ts';
import { losing } from './pair.ts';
import { hostA, hostB, locator, withLocators } from './sites.ts';
import { atA, atB, brokenAtB, established, request, setHost } from './updating.ts';

describe('preferences', () => {
  test('TRANSIENT, priority and weight reach the peer beside BROKEN', () => {
    const pair = established();
    setHost(
      pair,
      withLocators(hostA, { 0: { usable: false, transient: true }, 1: { priority: 3, weight: 9 } }),
    );
    pair.runUntil(2_000);
    assert.deepEqual(
      atB(pair).peerLocators.map(({ broken, transient, priority, weight }) => [
        broken,
        transient,
        priority,
        weight,
      ]),
      [
        [true, true, 10, 1],
        [false, false, 3, 9],
      ],
    );
    setHost(pair, withLocators(hostA, { 0: { usable: false }, 1: { priority: 3, weight: 9 } }));
    pair.runUntil(3_000);
    assert.equal(atB(pair).peerLocators[0]!.transient, false);
    setHost(
      pair,
      withLocators(hostA, { 0: { usable: false, transient: false }, 1: { priority: 3, weight: 9 } }),
    );
    assert.equal(pair.types.filter((type) => type === 'UpdateRequest').length, 2, 'absent means false');
  });

  test('of one and of two octets say no more than they hold', () => {
    const pair = established();
    pair.treatment = (sent) => {
      const message = decodeMessage(sent.message);
      if (message.type !== 'UpdateRequest') return [sent];
      const options = message.options.map((option) =>
        option.type === 'LocatorPreferences' ? { ...option, elementLength: 1 } : option,
      );
      return [{ ...sent, message: encodeMessage({ ...message, options }) }];
    };
    setHost(pair, withLocators(hostA, { 1: { usable: false, priority: 5 } }));
    pair.runUntil(2_000);
    assert.deepEqual(
      atB(pair).peerLocators.map(({ broken, priority, weight }) => [broken, priority, weight]),
      [
        [false, 0, 0],
        [true, 0, 0],
      ],
    );
  });
});

test('reordering the locators is a list of a new generation', () => {
  const pair = established();
  setHost(pair, { ulid: hostA.ulid, locators: hostA.locators.toReversed() });
  pair.runUntil(2_000);
  assert.ok(findOption(request(pair.sent[0]!), 'LocatorList'));
  assert.deepEqual(
    atB(pair).peerLocators.map(({ address }) => formatAddress(address)),
    ['2001:db8:12::1', '2001:db8:11::1'],
  );
  assert.deepEqual(
    atB(pair).peerLocators.map(({ priority }) => priority),
    [20, 10],
  );
});

test('RFC 5533 §10.3: a list not yet acknowledged, then another locator and one BROKEN', () => {
  const pair = established();
  pair.treatment = () => [];
  const [first, second] = hostA.locators;
  const third = locator('2001:db8:13::1');
  setHost(pair, { ulid: hostA.ulid, locators: [first!, third] });
  const abandoned = request(pair.sent[0]!);
  pair.treatment = (sent) => [sent];
  setHost(pair, {
    ulid: hostA.ulid,
    locators: [{ ...first!, usable: false }, third, locator('2001:db8:14::1')],
  });
  assert.equal(second!.usable, true);
  // None of the working locators is known to the peer: it is told by I2bis.
  pair.runUntil(60_000);
  assert.deepEqual(
    atB(pair).peerLocators.map(({ address }) => formatAddress(address)),
    ['2001:db8:11::1', '2001:db8:13::1', '2001:db8:14::1'],
  );
  assert.deepEqual(brokenAtB(pair), [true, false, false]);
  const last = request(pair.sent.findLast(({ type }) => type === 'UpdateRequest')!);
  assert.notEqual(last.requestNonce, abandoned.requestNonce);
  pair.inject({
    ...pair.sent[0]!,
    source: hostB.locators[0]!.address,
    destination: third.address,
    message: encodeMessage({
      type: 'UpdateAcknowledgement',
      receiverTag: atA(pair).localTag,
      requestNonce: abandoned.requestNonce,
      options: [],
    }),
  });
  assert.equal(pair.a.core.counters['unmatched-acknowledgement'], 1);
});

test('a locator that is taken away is received at until the peer has acknowledged', () => {
  const pair = established();
  const [first, second] = hostA.locators;
  pair.treatment = losing('UpdateAcknowledgement', () => true);
  setHost(pair, { ulid: hostA.ulid, locators: [second!] });
  pair.runUntil(1_100);
  const from = { source: hostB.locators[0]!.address, destination: first!.address };
  const probe = encodeMessage({
    type: 'UpdateRequest',
    receiverTag: atA(pair).localTag,
    requestNonce: 1,
    options: [],
  });
  pair.inject({ ...from, message: probe });
  assert.equal(pair.a.core.counters['stale-tag'], 0);
  pair.treatment = (sent) => [sent];
  pair.runUntil(60_000);
  pair.inject({ ...from, message: probe });
  assert.equal(pair.a.core.counters['stale-tag'], 1, 'RFC 5533 §10.4: the destination must be in Ls(local)');
});
