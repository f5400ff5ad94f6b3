/** What routing tables say of uplinks and of pairs, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderRoutes } from '../../../control/site/routes/provider-routes.ts';
import type { Route } from '../../../control/site/routes/route-table.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { formatPrefix, parsePrefix } from '../../../control/wire/ipv6/prefix.ts';

const X = 1011;
const Y = 1012;
const route = (to: string): Route => ({
  to: parsePrefix(to),
  priority: 20,
  forwards: true,
  nextHops: ['3 fe80::1'],
});
const PEERS = ['2001:db8:21::/48', '2001:db8:22::/48'];

/** Uplink 0 has table X, uplink 1 has Y, uplink 2 none; both tables hold routes to both of the peer's providers. */
function routes(initial: readonly string[] = PEERS) {
  const all = new ProviderRoutes(
    new Map([
      [0, X],
      [1, Y],
    ]),
  );
  for (const table of [X, Y]) {
    all.beginReading(table);
    for (const to of initial) all.load(table, route(to));
    all.endReading(table);
  }
  const evaluate = (at: number) => {
    const { reports, changes } = all.evaluate(at);
    return {
      said: reports.map(({ uplink, report }) => `${uplink} ${report.state}: ${report.detail}`),
      changed: changes.map(({ uplink, prefixes }) => `${uplink} ${prefixes?.map(formatPrefix) ?? 'all'}`),
    };
  };
  const reaches = (uplink: number, address: string) => all.reaches(uplink, parseAddress(address));
  return { all, evaluate, reaches };
}

test('a provider with routes is up, and reaches what they cover', () => {
  const { evaluate, reaches } = routes();
  assert.deepEqual(evaluate(0).said, ['0 up: 2 routes', '1 up: 2 routes']);
  assert.equal(reaches(0, '2001:db8:21::1'), true);
  assert.equal(reaches(0, '2001:db8:99::1'), false);
  assert.equal(reaches(2, '2001:db8:99::1'), true, 'of a provider without a table nothing is known');
});

test('a withdrawn route makes the pair unusable, not the uplink', () => {
  const { all, evaluate, reaches } = routes();
  evaluate(0);
  all.change(100, X, route(PEERS[0]!), true);
  assert.equal(reaches(0, '2001:db8:21::1'), false);
  assert.equal(reaches(0, '2001:db8:22::1'), true);
  assert.equal(reaches(1, '2001:db8:21::1'), true);
  assert.deepEqual(evaluate(120), {
    said: ['0 up: 1 routes', '1 up: 2 routes'],
    changed: ['0 2001:db8:21::/48'],
  });
  assert.deepEqual(evaluate(140).changed, [], 'said once');
});

test('the loss of all routes is the loss of the uplink', () => {
  const { all, evaluate, reaches } = routes();
  evaluate(0);
  for (const to of PEERS) all.change(100, X, route(to), true);
  assert.deepEqual(evaluate(120).said, ['0 down: all routes are withdrawn', '1 up: 2 routes']);
  assert.equal(reaches(0, '2001:db8:21::1'), true, 'a last resort must not be told that nothing is reached');
});

test('all tables emptied in one moment: the routing daemon died, no provider did', () => {
  const { all, evaluate } = routes();
  evaluate(0);
  for (const table of [X, Y]) for (const to of PEERS) all.change(100, table, route(to), true);
  const gone = 'unknown: all tables were emptied at once: the routing daemon is gone';
  assert.deepEqual(evaluate(120).said, [`0 ${gone}`, `1 ${gone}`]);
  assert.deepEqual(evaluate(1000).said, ['0 unknown: no route yet', '1 unknown: no route yet']);
});

test('a table that was empty from the start says nothing', () => {
  const { evaluate, reaches } = routes([]);
  assert.deepEqual(evaluate(0).said, ['0 unknown: no route yet', '1 unknown: no route yet']);
  assert.equal(reaches(0, '2001:db8:21::1'), true);
});

test('while a daemon fills a table, what is missing is not taken for unreachable', () => {
  const { all, evaluate, reaches } = routes([]);
  evaluate(0);
  all.change(1000, X, route(PEERS[0]!), false);
  assert.equal(evaluate(1020).said[0], '0 up: 1 routes');
  assert.equal(reaches(0, '2001:db8:22::1'), true);
  evaluate(2999);
  assert.equal(reaches(0, '2001:db8:22::1'), true);
  assert.deepEqual(evaluate(3000).changed, ['0 all']);
  assert.equal(reaches(0, '2001:db8:22::1'), false);
});

test('reading anew replaces what was known: routes lost in an overrun are gone', () => {
  const { all, evaluate, reaches } = routes();
  evaluate(0);
  all.beginReading(X);
  all.load(X, route(PEERS[1]!));
  assert.equal(reaches(0, '2001:db8:21::1'), true, 'not before all is read');
  all.endReading(X);
  assert.equal(reaches(0, '2001:db8:21::1'), false);
  assert.deepEqual(evaluate(10).changed, ['0 all']);
});

test('many changes are named as one: everything', () => {
  const { all, evaluate } = routes();
  evaluate(0);
  for (let index = 0; index < 1000; index++)
    all.change(100, X, route(`2001:db8:${(0x1000 + index).toString(16)}::/48`), false);
  assert.deepEqual(evaluate(120).changed, ['0 all']);
});
