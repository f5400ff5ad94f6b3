import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FoundPairs } from '../../control/dataplane/found-pairs.ts';
import type { ContextView } from '../../control/shim6/context.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const [ours1, ours2] = ['2001:db8:11::1', '2001:db8:12::1'].map(parseAddress) as [Uint8Array, Uint8Array];
const [theirs1, theirs2] = ['2001:db8:21::1', '2001:db8:22::1'].map(parseAddress) as [Uint8Array, Uint8Array];
const first = { source: ours1, destination: theirs1 };
const second = { source: ours2, destination: theirs2 };

const context = (acknowledged = true, broken = false) =>
  ({
    localLocators: [
      { address: ours1, acknowledged: true },
      { address: ours2, acknowledged },
    ],
    peerLocators: [
      { address: theirs1, broken: false },
      { address: theirs2, broken },
    ],
  }) as unknown as ContextView;

test('the pair that was found comes first, the best with another source behind it', () => {
  const found = new FoundPairs();
  const subject = context();
  assert.deepEqual(found.before(subject, [first, second]), [first, second]);
  found.set(subject, second);
  assert.deepEqual(found.before(subject, [first, second]), [second, first]);
  found.set(subject, { source: ours1, destination: theirs2 });
  assert.deepEqual(found.before(subject, [first, second])[1], second);
  found.forget(subject);
  assert.deepEqual(found.before(subject, [first, second]), [first, second]);
});

test('where it begins is forgotten with its youth, where REAP has moved it is not', () => {
  const found = new FoundPairs();
  const subject = context();
  found.setBeginning(subject, second);
  assert.deepEqual(found.find(subject), second);
  found.forgetBeginning(subject);
  assert.equal(found.find(subject), undefined);
  found.setBeginning(subject, second);
  found.set(subject, second);
  found.forgetBeginning(subject);
  assert.deepEqual(found.find(subject), second);
});

test('it counts for nothing once the peer calls its end broken, or no longer takes packets from ours', () => {
  for (const subject of [context(false), context(true, true)]) {
    const found = new FoundPairs();
    found.set(subject, second);
    assert.deepEqual(found.before(subject, [first, second]), [first, second]);
  }
});
