import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutageBook } from '../../control/observe/account/outage-book.ts';
import { PathOutages } from '../../control/observe/account/path-outages.ts';
import type { ContextView } from '../../control/shim6/context.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const path = (host: number, source = '2001:db8:11:', destination = '2001:db8:21:') => ({
  source: parseAddress(`${source}:${host}`),
  destination: parseAddress(`${destination}:${host}`),
  uplink: 0,
});
const contextNumber = (number: number) => ({ fork: number }) as ContextView;

function setUp() {
  const book = new OutageBook({ kept: 10, dateOf: (moment) => `t${moment}`, onEnd: () => {} });
  const outages = new PathOutages(book);
  const begin = (now: number, context: ContextView, where: ReturnType<typeof path> | undefined) =>
    outages.begin(now, { context, path: where, silentSince: now - 15_000, because: 'Send timeout' });
  return { book, outages, begin };
}

test('contexts that lost the same way have one outage, from the silence of the first to the recovery of the last', () => {
  const { book, outages, begin } = setUp();
  const [first, second] = [contextNumber(1), contextNumber(2)];
  assert.equal(begin(20_000, first, path(1)), 1, 'it has begun');
  assert.equal(begin(20_100, second, path(2)), undefined, 'it is known');
  assert.equal(begin(20_200, second, path(2)), undefined, 'and counted once');
  assert.equal(outages.end(21_000, first, true), undefined);
  assert.deepEqual(outages.end(21_500, second, true), {
    number: 1,
    what: 'path',
    subject: '2001:db8:11::/48 > 2001:db8:21::/48',
    because: 'Send timeout',
    began: 't5000',
    ended: 't21500',
    contexts: 2,
    phases: [
      { name: 'noticed', milliseconds: 15_100, count: 2 },
      { name: 'works again', milliseconds: 16_500, count: 2 },
    ],
  });
  assert.equal(book.isOpen('path', '2001:db8:11::/48 > 2001:db8:21::/48'), false);
});

test('another way is another outage', () => {
  const { begin } = setUp();
  assert.equal(begin(20_000, contextNumber(1), path(1)), 1);
  assert.equal(begin(20_000, contextNumber(2), path(1, '2001:db8:12:')), 2);
  assert.equal(begin(20_000, contextNumber(3), path(1, '2001:db8:11:', '2001:db8:22:')), 3);
});

test('a context that goes ends it, and has not recovered', () => {
  const { outages, begin } = setUp();
  const context = contextNumber(1);
  begin(20_000, context, path(1));
  const ended = outages.end(30_000, context, false);
  assert.deepEqual(
    ended?.phases.map(({ name }) => name),
    ['noticed'],
  );
  assert.equal(outages.end(31_000, context, true), undefined);
});

test('without a path there is none to tell of', () => {
  const { book, outages, begin } = setUp();
  assert.equal(begin(20_000, contextNumber(1), undefined), undefined);
  assert.equal(outages.end(21_000, contextNumber(1), true), undefined);
  assert.deepEqual(book.reports(), []);
});
