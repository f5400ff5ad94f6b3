import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutageBook, type OutageReport } from '../../control/observe/account/outage-book.ts';

function setUp(kept = 10) {
  const ended: OutageReport[] = [];
  const book = new OutageBook({
    kept,
    first: 5,
    dateOf: (moment) => `t${moment}`,
    onEnd: (outage) => ended.push(outage),
  });
  return { book, ended };
}

test('an outage tells what, when, how many, and how long each phase took', () => {
  const { book, ended } = setUp();
  const number = book.begin(100, 'uplink', 'x1', 'carrier: no carrier');
  book.reach(100.25, number, 'data path switched');
  for (let count = 1; count <= 3; count++) book.reach(100 + count, number, 'peers told', count);
  assert.deepEqual(book.reports()[0]?.contexts, null);
  book.count(number, 3);
  assert.equal(book.isOpen('uplink', 'x1'), true);
  book.end(5_000, 'uplink', 'x1');
  const report: OutageReport = {
    number: 5,
    what: 'uplink',
    subject: 'x1',
    because: 'carrier: no carrier',
    began: 't100',
    ended: 't5000',
    contexts: 3,
    phases: [
      { name: 'data path switched', milliseconds: 0.25 },
      { name: 'peers told', milliseconds: 3, count: 3 },
    ],
  };
  assert.deepEqual(ended, [report]);
  assert.deepEqual(book.reports(), [report]);
  assert.equal(book.end(6_000, 'uplink', 'x1'), undefined);
});

test('an outage that lasts is not begun again; what comes after its end is another', () => {
  const { book } = setUp();
  assert.equal(book.begin(1, 'peer', '2001:db8:21::/48', 'it says so'), 5);
  assert.equal(book.begin(2, 'peer', '2001:db8:21::/48', 'it says so'), 5);
  assert.equal(book.begin(2, 'uplink', 'x1', 'carrier'), 6);
  book.end(3, 'peer', '2001:db8:21::/48');
  assert.equal(book.begin(4, 'peer', '2001:db8:21::/48', 'it says so'), 7);
});

test('the oldest are forgotten first', () => {
  const { book } = setUp(3);
  for (let number = 0; number < 7; number++) {
    book.begin(number, 'uplink', 'x1', 'carrier');
    book.end(number, 'uplink', 'x1');
  }
  assert.deepEqual(
    book.reports().map(({ number }) => number),
    [9, 10, 11],
  );
});
