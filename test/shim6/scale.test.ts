/** Many contexts at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shim6 } from '../../control/shim6/index.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, tagNumber } from '../../control/wire/shim6/index.ts';
import { establishByI2, trusting } from './many.ts';
import { SeededRandom } from './random.ts';
import { hostB, withLocators } from './sites.ts';

test('an uplink fails under 10,000 contexts: each peer is told once, so many per millisecond', () => {
  const COUNT = 10_000;
  const random = new SeededRandom(1).octets;
  const core = new Shim6({ random, identity: trusting, settings: { updatesPerMillisecond: 5 } });
  core.setHost(0, hostB);
  const locator = parseAddress('2001:db8:31::1');
  for (let number = 0; number < COUNT; number++) establishByI2(core, { number, tag: number, locator });
  assert.equal(core.size, COUNT);

  core.setHost(1_000, withLocators(hostB, { 0: { usable: false } }));
  const told = new Set<number>();
  for (let now = 1_000; told.size < COUNT; now = core.nextTimeout()!) {
    core.handleTimeout(now);
    let changed = 0;
    for (let effect = core.pollEffect(); effect !== undefined; effect = core.pollEffect()) {
      if (effect.kind === 'changed') changed++;
      if (effect.kind !== 'send') continue;
      const message = decodeMessage(effect.message);
      assert.ok(message.type === 'UpdateRequest');
      assert.equal(formatAddress(effect.source), '2001:db8:22::2');
      told.add(tagNumber(message.receiverTag));
    }
    assert.ok(changed <= 5);
    assert.ok(now <= 1_000 + COUNT / 5, 'the last one leaves when the budget allows');
  }
});

test('an uplink that is back before the queue came to a context leaves that peer in peace', () => {
  const random = new SeededRandom(1).octets;
  const core = new Shim6({ random, identity: trusting, settings: { updatesPerMillisecond: 5 } });
  core.setHost(0, hostB);
  for (let number = 0; number < 100; number++) {
    establishByI2(core, { number, tag: number, locator: parseAddress('2001:db8:31::1') });
  }
  core.setHost(1_000, withLocators(hostB, { 0: { usable: false } }));
  core.setHost(1_000, hostB);
  const requests = new Map<number, number>();
  for (let now = 1_000; now < 1_100; now++) {
    core.handleTimeout(now);
    for (let effect = core.pollEffect(); effect !== undefined; effect = core.pollEffect()) {
      if (effect.kind !== 'send') continue;
      const message = decodeMessage(effect.message);
      assert.ok(message.type === 'UpdateRequest');
      const tag = tagNumber(message.receiverTag);
      requests.set(tag, (requests.get(tag) ?? 0) + 1);
    }
  }
  assert.deepEqual([...requests.values()], [2, 2, 2, 2, 2]);
});
