import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocatorCache } from '../../control/naming/locator-cache.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

describe('locator cache', () => {
  const ulids = [1, 2, 3].map((number) => parseAddress(`fc00::${number}`));
  const locators = [parseAddress('2001:db8::1')];

  it('knows locators until they expire', () => {
    const cache = new LocatorCache(10);
    cache.learn(1000, ulids[0]!, locators, 'h2.foo.com', 60);
    assert.deepEqual(cache.lookup(60_999, ulids[0]!), { locators, name: 'h2.foo.com', expiry: 61_000 });
    assert.equal(cache.lookup(61_000, ulids[0]!), undefined);
  });

  it('forgets the least recently used when full', () => {
    const cache = new LocatorCache(2);
    for (const ulid of ulids.slice(0, 2)) cache.learn(0, ulid, locators, 'a', 60);
    cache.lookup(0, ulids[0]!);
    cache.learn(0, ulids[2]!, locators, 'a', 60);
    assert.deepEqual(
      ulids.map((ulid) => cache.lookup(0, ulid) !== undefined),
      [true, false, true],
    );
  });
});
