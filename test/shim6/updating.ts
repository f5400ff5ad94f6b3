/** A pair with an established context, and how its ends see each other's locators. */
import assert from 'node:assert/strict';
import type { ContextView, LocalHost } from '../../control/shim6/index.ts';
import { decodeMessage, type UpdateRequest } from '../../control/wire/shim6/index.ts';
import { Pair, type PairOptions, type Sent } from './pair.ts';
import { addresses, hostA, hostB, locator, withLocators } from './sites.ts';

export const firstDown = withLocators(hostA, { 0: { usable: false } });
export const grown: LocalHost = {
  ulid: hostA.ulid,
  locators: [...hostA.locators, locator('2001:db8:13::1')],
};

export function established(options: PairOptions = {}): Pair {
  const pair = new Pair(options);
  pair.establish();
  pair.runUntil(1_000);
  pair.sent.length = 0;
  return pair;
}

export function setHost(pair: Pair, host: LocalHost): void {
  for (const address of addresses(host)) pair.own(pair.a, address);
  pair.a.core.setHost(pair.now, host);
  pair.collect();
}

export const atA = (pair: Pair): ContextView => pair.a.core.context(hostA.ulid, hostB.ulid)!;
export const atB = (pair: Pair): ContextView => pair.b.core.context(hostB.ulid, hostA.ulid)!;
export const brokenAtB = (pair: Pair) => atB(pair).peerLocators.map(({ broken }) => broken);

export function request({ message }: Sent): UpdateRequest {
  const decoded = decodeMessage(message);
  assert.ok(decoded.type === 'UpdateRequest');
  return decoded;
}
