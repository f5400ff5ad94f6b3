import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, RouteTable } from '../../../control/site/routes/route-table.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { combine, containsAddress, parsePrefix } from '../../../control/wire/ipv6/prefix.ts';
import { SeededRandom } from '../../shim6/random.ts';

const route = (to: string, changes: Partial<Route> = {}): Route => ({
  to: parsePrefix(to),
  priority: 20,
  forwards: true,
  nextHops: ['3 fe80::1'],
  ...changes,
});
const reaches = (table: RouteTable, address: string) => table.reaches(parseAddress(address));

test('the most specific prefix decides', () => {
  const table = new RouteTable();
  table.add(route('2001:db8::/32'));
  table.add(route('2001:db8:1::/48', { forwards: false }));
  table.add(route('2001:db8:1:8000::/49'));
  assert.equal(reaches(table, '2001:db8:2::1'), true);
  assert.equal(reaches(table, '2001:db8:1:7fff::1'), false);
  assert.equal(reaches(table, '2001:db8:1:8000::1'), true);
  assert.equal(reaches(table, '2001:db9::1'), false);
  assert.equal(table.forwarding, 2);
  table.remove(route('2001:db8:1::/48'));
  assert.equal(reaches(table, '2001:db8:1:7fff::1'), true);
});

test('of a prefix the route with the lowest metric counts', () => {
  const table = new RouteTable();
  table.add(route('::/0', { priority: 1024, forwards: false }));
  assert.equal(reaches(table, '2001:db8::1'), false);
  table.add(route('::/0', { priority: 20 }));
  assert.equal(reaches(table, '2001:db8::1'), true);
  table.remove(route('::/0', { priority: 20 }));
  assert.equal(reaches(table, '2001:db8::1'), false);
  assert.equal(table.forwarding, 0);
});

test('a multipath route is there until its last next hop goes', () => {
  const table = new RouteTable();
  table.add(route('2001:db8::/32', { nextHops: ['3 fe80::1', '4 fe80::1'] }));
  table.remove(route('2001:db8::/32', { nextHops: ['3 fe80::1'] }));
  assert.equal(reaches(table, '2001:db8::1'), true);
  table.remove(route('2001:db8::/32', { nextHops: ['4 fe80::1'] }));
  assert.equal(reaches(table, '2001:db8::1'), false);
  table.remove(route('2001:db8::/32'));
  assert.equal(table.forwarding, 0);
});

test('agrees with a search through all routes, whatever comes and goes', () => {
  const random = new SeededRandom(20_260_724);
  const number = (below: number) => Math.floor(random.number() * below);
  // A few values of the first octets, so that prefixes nest.
  const address = () => Uint8Array.from({ length: 16 }, (_, at) => number(at < 3 ? 2 : 256));
  const table = new RouteTable();
  const known = new Map<string, Route>();
  for (let step = 0; step < 3000; step++) {
    const length = number(129);
    const to = { address: combine({ address: address(), length }, new Uint8Array(16)), length };
    const made: Route = { to, priority: 20, forwards: number(4) > 0, nextHops: ['3'] };
    const name = `${made.to.address}/${length}`;
    if (number(3) === 0) {
      table.remove(made);
      known.delete(name);
    } else {
      table.add(made);
      known.set(name, made);
    }
    const asked = address();
    const covering = [...known.values()].filter((candidate) => containsAddress(candidate.to, asked));
    const [best] = covering.sort((one, other) => other.to.length - one.to.length);
    assert.equal(table.reaches(asked), best?.forwards ?? false);
  }
  assert.equal(table.forwarding, [...known.values()].filter(({ forwards }) => forwards).length);
});

test('a full table is no matter: 200,000 routes', (context) => {
  const table = new RouteTable();
  const address = (index: number) =>
    Uint8Array.from({ length: 16 }, (_, at) => (at < 6 ? (index * 40_503 * (at + 1)) & 0xff : 0)).fill(
      32,
      0,
      1,
    );
  const lengths = [32, 36, 40, 44, 46, 47, 48];
  const begin = process.cpuUsage().user / 1000;
  for (let index = 0; index < 200_000; index++) {
    const to = Uint8Array.of(
      0x20,
      index >> 16,
      (index >> 8) & 0xff,
      index & 0xff,
      ...new Array<number>(12).fill(0),
    );
    table.add({
      to: { address: to, length: lengths[index % 7]! },
      priority: 20,
      forwards: true,
      nextHops: ['3'],
    });
  }
  const filled = process.cpuUsage().user / 1000;
  for (let index = 0; index < 100_000; index++) table.reaches(address(index));
  const asked = process.cpuUsage().user / 1000;
  context.diagnostic(
    `filled in ${(filled - begin).toFixed(0)} ms, 100,000 questions in ${(asked - filled).toFixed(0)} ms`,
  );
  assert.equal(table.forwarding, 200_000);
  // Generous. Linear search would take minutes.
  assert.ok(filled - begin < 5000 && asked - filled < 2000);
});
