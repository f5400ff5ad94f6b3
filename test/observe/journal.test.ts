import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BoxEvent, Happening } from '../../control/observe/account/events.ts';
import { Journal } from '../../control/observe/account/journal.ts';

function setUp() {
  const time = { now: 0 };
  const journal = new Journal({ clock: () => time.now, dateOf: (moment) => `t${moment}` });
  return { time, journal };
}

const failed = (number: number): Happening => ({
  kind: 'failed',
  local: `fc00:1::${number}`,
  peer: 'fc00:2::1',
  because: 'no-response',
});

test('events are kept in order, the oldest dropped, and told to who follows', () => {
  const { time, journal } = setUp();
  const told: BoxEvent[] = [];
  const end = journal.follow({ contexts: false, tell: (event) => told.push(event) });
  for (let number = 0; number < 1_500; number++) {
    time.now = number * 1000;
    journal.note(failed(number));
  }
  assert.equal(journal.kept.length, 1_000);
  assert.deepEqual(journal.kept[0], { at: 't500000', ...failed(500) });
  assert.equal(told.length, 1_500);
  end();
  journal.note(failed(7));
  assert.equal(told.length, 1_500);
});

test('a hundred a second of a kind are told; the others are counted when the second is over', () => {
  const { time, journal } = setUp();
  for (let number = 0; number < 100_000; number++) journal.note(failed(number));
  journal.note({ kind: 'uplink', uplink: 'x1', state: 'down', because: 'carrier: no carrier' });
  assert.equal(journal.kept.length, 101);
  time.now = 1_000;
  journal.turn(time.now);
  assert.deepEqual(journal.kept.at(-1), { at: 't1000', kind: 'more', of: 'failed', count: 99_900 });
  journal.turn(1_999);
  assert.equal(journal.kept.length, 102);
});

test('contexts that come and go are told only to who asked, and not kept', () => {
  const { journal } = setUp();
  const [all, few]: BoxEvent[][] = [[], []];
  journal.follow({ contexts: false, tell: (event) => few!.push(event) });
  assert.equal(journal.contextsWanted, false);
  journal.follow({ contexts: true, tell: (event) => all!.push(event) });
  assert.equal(journal.contextsWanted, true);
  journal.note({ kind: 'established', local: 'fc00:1::1', peer: 'fc00:2::1' });
  assert.deepEqual([all!.length, few!.length, journal.kept.length], [1, 0, 0]);
});
