import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureCrowd, measureRecovery, scheduleOf } from './exploration.ts';

test('the schedule is that of RFC 5534 §7', () => {
  const seconds = [1, 2, 3, 4, 5, 6, 7].map(scheduleOf);
  assert.deepEqual(seconds, [0.5, 1, 1.5, 2, 3, 5, 9]);
  assert.equal(scheduleOf(20) - scheduleOf(19), 60);
});

test('recovery begins with the Send Timeout, and takes probes of both ends', () => {
  const { detection, recovery, scheduleWorst, probes } = measureRecovery(3, 2, 3);
  assert.ok(detection.lowest >= 3 && detection.highest < 3.3, `noticed after ${detection.highest} s`);
  assert.ok(
    recovery.lowest > detection.lowest && recovery.highest <= 4.5,
    `mended after ${recovery.highest} s`,
  );
  assert.equal(scheduleWorst, 3 + 1 + 0.06);
  assert.ok(probes >= 3, `${probes} probes`);
});

test('more pairs that are dead take no less time', () => {
  const [two, four] = [measureRecovery(3, 2, 3), measureRecovery(3, 4, 3)];
  assert.ok(four.recovery.median >= two.recovery.median);
  assert.ok(four.scheduleWorst > two.scheduleWorst);
});

test('a crowd is counted: probes, and what else is sent, of each context', () => {
  const { probesPerContext, messagesPerContext, messages, took } = measureCrowd(50, 2, 10_000);
  assert.ok(probesPerContext >= 3 && probesPerContext <= messagesPerContext, `${probesPerContext}`);
  assert.equal(messages, messagesPerContext * 50);
  assert.ok(took > 15 && took < 20, `${took} s`);
});
