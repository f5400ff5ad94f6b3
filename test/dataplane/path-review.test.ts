import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathReview } from '../../control/dataplane/path-review.ts';
import type { ContextView } from '../../control/shim6/context.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';

const locators = [parseAddress('2001:db8:21::1'), parseAddress('2001:db8:22::1')];
const [first, second] = [parsePrefix('2001:db8:21::/48'), parsePrefix('2001:db8:22::/48')];

/** `count` contexts, by turns with a peer in the first and in the second prefix; a review of one takes 10 us. */
function reviewOf(count: number) {
  const contexts = Array.from({ length: count }, (_, index) => ({
    state: 'ESTABLISHED',
    peerLocators: [{ address: locators[index % 2]! }],
  })) as unknown as ContextView[];
  const reviewed: ContextView[] = [];
  const deferred: (() => void)[] = [];
  let now = 0;
  const review = new PathReview({
    contexts: () => contexts.values(),
    review: (context) => {
      now += 0.01;
      reviewed.push(context);
    },
    clock: () => now,
    defer: (next) => deferred.push(next),
  });
  const run = () => {
    let longest = 0;
    for (let next = deferred.shift(); next !== undefined; next = deferred.shift()) {
      const begin = now;
      next();
      longest = Math.max(longest, now - begin);
    }
    return longest;
  };
  return { review, reviewed, run };
}

test('only contexts with a locator in a changed prefix are reviewed', () => {
  const { review, reviewed, run } = reviewOf(1000);
  review.start([first]);
  run();
  assert.equal(reviewed.length, 500);
  assert.ok(reviewed.every(({ peerLocators }) => peerLocators[0]!.address === locators[0]));
});

test('100,000 contexts are reviewed in slices that leave the event loop to others', () => {
  const { review, reviewed, run } = reviewOf(100_000);
  review.start(undefined);
  assert.ok(run() < 10);
  assert.equal(reviewed.length, 100_000);
});

test('changes that come during a review make one more, however many they are', () => {
  const { review, reviewed, run } = reviewOf(10_000);
  review.start([first]);
  for (let change = 0; change < 50; change++) review.start([second]);
  run();
  assert.equal(reviewed.length, 10_000);
});
