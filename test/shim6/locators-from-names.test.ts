import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { hostA, hostB } from './sites.ts';
import { atA, established } from './updating.ts';

test('what the DNS says later of a peer changes nothing in a context that stands: its own signed list rules', () => {
  const pair = established();
  const before = atA(pair).peerLocators.map(({ address }) => formatAddress(address));
  const outcomes = pair.a.outcomes.length;
  for (const locators of [['2001:db8:bad::1'], ['2001:db8:22::2', '2001:db8:bad::1'], []]) {
    pair.a.core.establish(pair.now, hostA.ulid, hostB.ulid, locators.map(parseAddress));
    pair.collect();
    pair.runUntil(pair.now + 5000);
  }
  assert.equal(atA(pair).state, 'ESTABLISHED');
  assert.deepEqual(
    atA(pair).peerLocators.map(({ address }) => formatAddress(address)),
    before,
  );
  assert.equal(pair.a.outcomes.length, outcomes);
  assert.deepEqual(pair.sent, []);
});
