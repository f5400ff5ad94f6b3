import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePaths, type SteeringLocator } from '../../control/steering/choose-paths.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';

const locator = (text: string, priority: number, usable = true): SteeringLocator => ({
  address: parseAddress(text),
  priority,
  usable,
});
const text = (source: Uint8Array, destination: Uint8Array) =>
  `${formatAddress(source)}>${formatAddress(destination)}`;
/** `unreachable`: pairs without a route. */
const choose = (local: SteeringLocator[], peer: SteeringLocator[], ...unreachable: string[]) =>
  choosePaths(local, peer, (source, destination) => !unreachable.includes(text(source, destination))).map(
    (pair) => text(pair.source, pair.destination),
  );

const [a1, a2, a3] = [locator('a::1', 1), locator('a::2', 2), locator('a::3', 3)];
const [b1, b2] = [locator('b::1', 1), locator('b::2', 2)];

test('the alternate shares neither locator with the primary', () => {
  assert.deepEqual(choose([a2, a1], [b2, b1]), ['a::1>b::1', 'a::2>b::2']);
});

test('a provider that is down comes last, and stays the alternate: it may be the next to come back', () => {
  assert.deepEqual(choose([{ ...a1, usable: false }, a2], [b1, b2]), ['a::2>b::1', 'a::1>b::2']);
});

const stay = (
  local: SteeringLocator[],
  peer: SteeringLocator[],
  current: [SteeringLocator, SteeringLocator],
) =>
  choosePaths(local, peer, () => true, { source: current[0].address, destination: current[1].address }).map(
    (pair) => text(pair.source, pair.destination),
  );

test('the pair in use stays while it works, though another is preferred', () => {
  assert.deepEqual(stay([a1, a2], [b1, b2], [a2, b2]), ['a::2>b::2', 'a::1>b::1']);
});

test('the pair in use is left when either end does not work, or is gone', () => {
  assert.deepEqual(stay([a1, { ...a2, usable: false }], [b1, b2], [a2, b2]), ['a::1>b::1', 'a::2>b::2']);
  assert.deepEqual(stay([a1, a2], [b1, { ...b2, usable: false }], [a2, b2]), ['a::1>b::1', 'a::2>b::1']);
  assert.deepEqual(stay([a1, a3], [b1, b2], [a2, b2]), ['a::1>b::1', 'a::3>b::2']);
});

test('the alternate is a usable third provider when the second is down', () => {
  assert.deepEqual(choose([a1, { ...a2, usable: false }, a3], [b1, b2]), ['a::1>b::1', 'a::3>b::2']);
});

test('a locator the peer called broken comes last', () => {
  assert.deepEqual(choose([a1, a2], [{ ...b1, usable: false }, b2]), ['a::1>b::2', 'a::2>b::2']);
});

test('one provider here, two there', () => {
  assert.deepEqual(choose([a1], [b1, b2]), ['a::1>b::1', 'a::1>b::2']);
});

test('one provider each: no alternate', () => {
  assert.deepEqual(choose([a1], [b1]), ['a::1>b::1']);
});

test('no locator on a side: no path', () => {
  assert.deepEqual(choose([], [b1]), []);
  assert.deepEqual(choose([a1], []), []);
});

test('a pair without a route comes last, though both locators work', () => {
  assert.deepEqual(choose([a1, a2], [b1, b2], 'a::1>b::1'), ['a::1>b::2', 'a::2>b::1']);
  assert.deepEqual(choose([a1, a2], [b1, b2], 'a::1>b::1', 'a::1>b::2'), ['a::2>b::1', 'a::1>b::2']);
  assert.deepEqual(choose([a1, a2], [b1], 'a::1>b::1'), ['a::2>b::1', 'a::1>b::1']);
});

test('the alternate has a route, if any by another provider has', () => {
  assert.deepEqual(choose([a1, a2], [b1, b2], 'a::2>b::2'), ['a::1>b::1', 'a::2>b::1']);
  assert.deepEqual(choose([a1, a2, a3], [b1], 'a::2>b::1'), ['a::1>b::1', 'a::3>b::1']);
});

test('without any route the pairs are what they would be anyway', () => {
  const all = ['a::1>b::1', 'a::1>b::2', 'a::2>b::1', 'a::2>b::2'];
  assert.deepEqual(choose([a1, a2], [b1, b2], ...all), ['a::1>b::1', 'a::2>b::2']);
});
