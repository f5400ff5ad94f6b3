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

test('an uplink fails under 100,000 contexts: active ones are told first, and no slice takes long', (context) => {
  const COUNT = 100_000;
  const ACTIVE = 300;
  const random = new SeededRandom(1).octets;
  // The last ones made are the active ones: order of age would tell them last.
  const isActive = (tag: number) => tag >= COUNT - ACTIVE;
  const core = new Shim6({
    random,
    identity: trusting,
    // No retransmissions, which are not what this is about.
    settings: { maximumContexts: COUNT, UPDATE_TIMEOUT: 600_000, MAX_UPDATE_TIMEOUT: 600_000 },
    idleness: ({ peerTag }) => (isActive(tagNumber(peerTag)) ? 1 : 600),
  });
  core.setHost(0, hostB);
  const locator = parseAddress('2001:db8:31::1');
  for (let number = 0; number < COUNT; number++) establishByI2(core, { number, tag: number, locator });

  // In the order in which their peers are told.
  const told = new Set<number>();
  const slices: number[] = [];
  let now = 1_000;
  const slice = (input: () => void) => {
    const before = process.threadCpuUsage();
    input();
    for (let effect = core.pollEffect(); effect !== undefined; effect = core.pollEffect()) {
      if (effect.kind !== 'send') continue;
      const message = decodeMessage(effect.message);
      if (message.type === 'UpdateRequest') told.add(tagNumber(message.receiverTag));
    }
    const { user, system } = process.threadCpuUsage(before);
    slices.push((user + system) / 1000);
  };
  slice(() => core.setHost(now, withLocators(hostB, { 0: { usable: false } })));
  while (told.size < COUNT) {
    now = core.nextTimeout()!;
    slice(() => core.handleTimeout(now));
  }
  // Looked at 2000 and told 10 per millisecond: the active ones are all told within the first 80 ms.
  const lastActive = [...told].findLastIndex(isActive);
  slices.sort((first, second) => second - first);
  context.diagnostic(
    `${slices.length} slices; the longest: ${slices
      .slice(0, 5)
      .map((ms) => ms.toFixed(1))
      .join(', ')} ms`,
  );
  assert.equal(lastActive + 1, ACTIVE);
  assert.ok(now - 1_000 >= COUNT / 10 - 1);
  // A few slices are longer: memory was collected.
  assert.ok(slices[10]! < 20, `${slices[10]} ms`);
});
