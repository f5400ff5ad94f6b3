import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathProbe } from '../../../control/site/liveness/path-probe.ts';

test('nothing is known before a target has answered: wrong targets are no failure', () => {
  const probe = new PathProbe(3);
  for (let round = 0; round < 20; round++) assert.equal(probe.begin().report.state, 'unknown');
});

test('three rounds without any answer are a failure, two are not', () => {
  const probe = new PathProbe(3);
  assert.equal(probe.answer(probe.begin().round).state, 'up');
  // Each report is made as the next round begins.
  const states = [1, 2, 3, 4, 5].map(() => probe.begin().report.state);
  assert.deepEqual(states, ['up', 'up', 'up', 'down', 'down']);
});

test('an answer that comes late is one for its round, and no more', () => {
  const probe = new PathProbe(3);
  const { round } = probe.begin();
  for (let later = 0; later < 3; later++) probe.begin();
  assert.equal(probe.answer(round).state, 'up');
  assert.equal(probe.begin().report.state, 'down');
});

test('the first answer to a new round ends the failure', () => {
  const probe = new PathProbe(1);
  probe.answer(probe.begin().round);
  probe.begin();
  const { round, report } = probe.begin();
  assert.equal(report.state, 'down');
  assert.equal(probe.answer(round).state, 'up');
});

test('rounds of another time are ignored', () => {
  const probe = new PathProbe(3);
  probe.begin();
  assert.equal(probe.answer(1000).state, 'unknown');
});
