import assert from 'node:assert/strict';
import type { Pair } from './pair.ts';
import { addresses } from './sites.ts';

/** Both ends are ESTABLISHED and agree on tags and locators. */
export function assertEstablished(pair: Pair): void {
  const { a, b } = pair;
  const atA = a.core.context(a.host.ulid, b.host.ulid);
  const atB = b.core.context(b.host.ulid, a.host.ulid);
  assert.equal(atA?.state, 'ESTABLISHED');
  assert.equal(atB?.state, 'ESTABLISHED');
  assert.deepEqual(atA.peerTag, atB.localTag);
  assert.deepEqual(atB.peerTag, atA.localTag);
  assert.deepEqual(
    atA.peerLocators.map(({ address }) => address),
    addresses(b.host),
  );
  assert.deepEqual(
    atB.peerLocators.map(({ address }) => address),
    addresses(a.host),
  );
  assert.deepEqual(
    atA.peerLocators.map(({ priority, weight, broken }) => [priority, weight, broken]),
    [
      [10, 1, false],
      [20, 1, false],
    ],
  );
  const count = (outcomes: string[]) => outcomes.filter((kind) => kind === 'established').length;
  assert.equal(count(a.outcomes), 1);
  assert.equal(count(b.outcomes), 1);
}
