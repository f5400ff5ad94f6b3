/** Update Request and Acknowledgement, RFC 5533 §10. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LocalHost } from '../../control/shim6/index.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, encodeMessage, findOption, type Option } from '../../control/wire/shim6/index.ts';
import { losing, Pair, type Sent } from './pair.ts';
import { hostA, locator, withLocators } from './sites.ts';
import { atA, atB, brokenAtB, established, firstDown, grown, request, setHost } from './updating.ts';

describe('a local locator fails', () => {
  test('the peer is told from one that works, and may choose anew', () => {
    const pair = established();
    setHost(pair, firstDown);
    pair.runUntil(2_000);
    assert.deepEqual(pair.types, ['UpdateRequest', 'UpdateAcknowledgement']);
    const [sent, acknowledgement] = pair.sent;
    assert.equal(formatAddress(sent!.source), '2001:db8:12::1');
    assert.equal(formatAddress(sent!.destination), '2001:db8:21::2');
    assert.deepEqual(
      [acknowledgement!.source, acknowledgement!.destination],
      [sent!.destination, sent!.source],
    );
    assert.deepEqual(
      request(sent!).options.map(({ type }) => type),
      ['LocatorPreferences'],
    );
    assert.deepEqual(brokenAtB(pair), [true, false]);
    assert.deepEqual(pair.b.outcomes, ['established', 'changed']);
    assert.deepEqual(pair.a.outcomes, ['established', 'changed']);
    assert.deepEqual(
      atA(pair).localLocators.map(({ usable }) => usable),
      [false, true],
    );
    assert.equal(pair.a.core.nextTimeout(), undefined);
  });

  test('and works again', () => {
    const pair = established();
    setHost(pair, firstDown);
    pair.runUntil(2_000);
    setHost(pair, hostA);
    pair.runUntil(3_000);
    assert.deepEqual(brokenAtB(pair), [false, false]);
    assert.deepEqual(pair.b.outcomes, ['established', 'changed', 'changed']);
  });

  test('and works again before the peer has acknowledged: it is told both, it may have heard the first', () => {
    const pair = established();
    pair.treatment = losing('UpdateAcknowledgement');
    setHost(pair, firstDown);
    pair.runUntil(1_100);
    assert.deepEqual(brokenAtB(pair), [true, false]);
    setHost(pair, hostA);
    pair.runUntil(60_000);
    assert.deepEqual(brokenAtB(pair), [false, false]);
    assert.equal(pair.a.core.nextTimeout(), undefined);
  });

  test('before the handshake: I2 says so', () => {
    const pair = new Pair();
    setHost(pair, firstDown);
    pair.establish();
    pair.runUntil(1_000);
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2']);
    assert.deepEqual(
      pair.sent.filter(({ from }) => from === 'a').map(({ source }) => formatAddress(source)),
      ['2001:db8:12::1', '2001:db8:12::1'],
    );
    assert.deepEqual(brokenAtB(pair), [true, false]);
  });

  test('during the handshake: the change is told right after it', () => {
    const pair = new Pair();
    pair.establish();
    pair.runUntil(15);
    setHost(pair, firstDown);
    pair.runUntil(1_000);
    assert.deepEqual(pair.types, ['I1', 'R1', 'I2', 'R2', 'UpdateRequest', 'UpdateAcknowledgement']);
    assert.deepEqual(brokenAtB(pair), [true, false]);
  });

  test('all of them: nothing can be sent until one is back', () => {
    const pair = established();
    setHost(pair, withLocators(hostA, { 0: { usable: false }, 1: { usable: false } }));
    pair.runUntil(3_600_000);
    assert.deepEqual(pair.types, []);
    assert.ok(pair.a.core.counters['no-update-source'] > 5);
    setHost(pair, withLocators(hostA, { 1: { usable: false } }));
    pair.runUntil(pair.now + 1_000);
    assert.deepEqual(brokenAtB(pair), [false, true]);
  });
});

describe('an update that is not acknowledged', () => {
  test('is repeated with the same nonce over other pairs, backing off', () => {
    const pair = established();
    pair.treatment = () => [];
    setHost(pair, firstDown);
    pair.runUntil(2_000_000);
    assert.ok(pair.sent.length > 15, 'forever');
    assert.equal(new Set(pair.sent.map((sent) => request(sent).requestNonce)).size, 1);
    const to = pair.sent.map(({ destination }) => formatAddress(destination));
    assert.deepEqual(to.slice(0, 3), ['2001:db8:21::2', '2001:db8:22::2', '2001:db8:21::2']);
    const delays = pair.sent.slice(1).map(({ at }, index) => at - pair.sent[index]!.at);
    for (const [index, delay] of delays.entries()) {
      const nominal = Math.min(4_000 * 2 ** index, 120_000);
      assert.ok(delay >= 0.5 * nominal && delay <= 1.5 * nominal, `${delay} ms for ${nominal}`);
    }
  });

  test('reaches the peer in the end when requests or acknowledgements are lost', () => {
    for (const type of ['UpdateRequest', 'UpdateAcknowledgement']) {
      const pair = established();
      pair.treatment = losing(type, (count) => count <= 2);
      setHost(pair, firstDown);
      pair.runUntil(100_000);
      assert.deepEqual(brokenAtB(pair), [true, false]);
      assert.deepEqual(pair.b.outcomes, ['established', 'changed'], 'repetitions change nothing');
      assert.equal(pair.a.core.nextTimeout(), undefined);
    }
  });

  test('gives way to newer information, RFC 5533 §10.3', () => {
    const pair = established();
    pair.treatment = () => [];
    setHost(pair, grown);
    pair.treatment = (sent) => [sent];
    setHost(pair, withLocators(grown, { 0: { usable: false } }));
    pair.runUntil(20_000);
    const nonces = pair.sent
      .filter(({ type }) => type === 'UpdateRequest')
      .map((sent) => request(sent).requestNonce);
    // The third confirms the second, in case the first arrives after all.
    assert.equal(nonces.length, 3);
    assert.equal(new Set(nonces).size, 3);
    assert.deepEqual(
      atB(pair).peerLocators.map(({ address }) => formatAddress(address)),
      ['2001:db8:11::1', '2001:db8:12::1', '2001:db8:13::1'],
    );
    assert.deepEqual(brokenAtB(pair), [true, false, false]);
  });

  test('and is told once more, lest an older request that was delayed undo it', () => {
    const pair = established();
    const delayed: Sent[] = [];
    pair.treatment = (sent) => {
      delayed.push(sent);
      return [];
    };
    setHost(pair, grown);
    pair.treatment = (sent) => [sent];
    setHost(pair, withLocators(grown, { 0: { usable: false } }));
    pair.runUntil(1_000);
    for (const sent of delayed) pair.inject(sent);
    assert.deepEqual(brokenAtB(pair), [false, false, false]);
    pair.runUntil(20_000);
    assert.deepEqual(brokenAtB(pair), [true, false, false]);
    assert.equal(pair.a.core.nextTimeout(), undefined);
  });

  test('an acknowledgement with another nonce is ignored', () => {
    const pair = established();
    pair.treatment = (sent) => {
      const message = decodeMessage(sent.message);
      if (message.type !== 'UpdateAcknowledgement') return [sent];
      return [
        { ...sent, message: encodeMessage({ ...message, requestNonce: (message.requestNonce ^ 1) >>> 0 }) },
      ];
    };
    setHost(pair, firstDown);
    pair.runUntil(1_500);
    assert.equal(pair.a.core.counters['unmatched-acknowledgement'], 1);
    assert.notEqual(pair.a.core.nextTimeout(), undefined);
  });
});

describe('the set of locators changes', () => {
  test('a signed list of a new generation goes out; new locators count once acknowledged', () => {
    const pair = established();
    const acknowledged = () => atA(pair).localLocators.map((one) => one.acknowledged);
    setHost(pair, grown);
    assert.deepEqual(acknowledged(), [true, true, false]);
    pair.runUntil(2_000);
    assert.deepEqual(acknowledged(), [true, true, true]);
    assert.deepEqual(pair.a.outcomes, ['established', 'changed', 'changed']);
    const update = request(pair.sent[0]!);
    assert.deepEqual(
      update.options.map(({ type }) => type),
      ['LocatorList', 'LocatorPreferences', 'CgaParameterDataStructure', 'CgaSignature'],
    );
    assert.equal(atB(pair).peerLocators.length, 3);
    assert.equal(
      findOption(update, 'LocatorList')!.generation,
      findOption(update, 'LocatorPreferences')!.generation,
    );
  });

  test('the update is sent from a locator that the peer knows already', () => {
    const pair = established();
    setHost(pair, {
      ulid: hostA.ulid,
      locators: [locator('2001:db8:13::1', { priority: 0 }), hostA.locators[1]!],
    });
    pair.runUntil(2_000);
    assert.deepEqual(pair.types, ['UpdateRequest', 'UpdateAcknowledgement']);
    assert.equal(formatAddress(pair.sent[0]!.source), '2001:db8:12::1');
    assert.deepEqual(
      atB(pair).peerLocators.map(({ address }) => formatAddress(address)),
      ['2001:db8:13::1', '2001:db8:12::1'],
    );
  });

  test('preferences alone follow the generation that the peer has', () => {
    const pair = established();
    setHost(pair, grown);
    pair.runUntil(2_000);
    setHost(pair, withLocators(grown, { 2: { priority: 1 } }));
    pair.runUntil(3_000);
    assert.deepEqual(
      request(pair.sent[2]!).options.map(({ type }) => type),
      ['LocatorPreferences'],
    );
    assert.equal(atB(pair).peerLocators[2]!.priority, 1);
  });

  test('a change that changes nothing is not told', () => {
    const pair = established();
    setHost(pair, withLocators(hostA, {}));
    setHost(pair, {
      ulid: hostA.ulid,
      locators: hostA.locators.map((one) => ({ ...one, address: one.address.slice() })),
    });
    assert.deepEqual(pair.types, []);
    assert.deepEqual(pair.a.outcomes, ['established']);
  });
});

describe('an Update Request is refused', () => {
  const refused = (
    change: (option: Option) => Option,
    host: LocalHost,
    counted: 'bad-signature' | 'bad-preferences',
    code: number,
    pointer: number,
  ) => {
    const pair = established();
    const before = atB(pair).peerLocators;
    pair.treatment = (sent) => {
      const message = decodeMessage(sent.message);
      if (message.type !== 'UpdateRequest') return [sent];
      return [{ ...sent, message: encodeMessage({ ...message, options: message.options.map(change) }) }];
    };
    setHost(pair, host);
    pair.runUntil(1_500);
    assert.ok(pair.b.core.counters[counted] > 0);
    assert.equal(atB(pair).peerLocators, before);
    const error = decodeMessage(pair.sent[1]!.message);
    assert.ok(error.type === 'Error');
    assert.deepEqual([error.code, error.pointer], [code, pointer]);
  };

  test('signature wrong: Error 2 at the verification method', () =>
    refused(
      (option) =>
        option.type === 'CgaSignature'
          ? { ...option, signature: option.signature.map((octet) => octet ^ 1) }
          : option,
      grown,
      'bad-signature',
      2,
      40 + 16 + 9,
    ));

  test('generation unknown: Error 3 at the generation', () =>
    refused(
      (option) =>
        option.type === 'LocatorPreferences'
          ? { ...option, generation: (option.generation ^ 1) >>> 0 }
          : option,
      firstDown,
      'bad-preferences',
      3,
      40 + 16 + 4,
    ));

  test('number of elements wrong: Error 4 at Length', () =>
    refused(
      (option) =>
        option.type === 'LocatorPreferences' ? { ...option, elements: option.elements.slice(1) } : option,
      firstDown,
      'bad-preferences',
      4,
      40 + 16 + 2,
    ));

  test('sent from an address that is no locator of the peer, or for an unknown tag: R1bis', () => {
    const pair = established();
    pair.treatment = () => [];
    setHost(pair, firstDown);
    const [update] = pair.sent;
    pair.inject({ ...update!, source: parseAddress('2001:db8:666::1') });
    assert.equal(pair.b.core.counters['stale-tag'], 1);
    const message = encodeMessage({ ...request(update!), receiverTag: { high: 1, low: 1 } });
    pair.inject({ ...update!, message });
    assert.equal(pair.b.core.counters['unknown-tag'], 1);
    assert.deepEqual(pair.types, ['UpdateRequest', 'R1bis', 'R1bis']);
    assert.deepEqual(brokenAtB(pair), [false, false]);
    pair.inject(update!);
    assert.deepEqual(brokenAtB(pair), [true, false]);
  });
});
