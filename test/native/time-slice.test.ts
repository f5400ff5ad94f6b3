import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { release } from 'node:os';
import { test } from 'node:test';
import { setTimeSlice } from '../../native/linux/index.ts';

/** Of a process started now, milliseconds. */
function inherited(): number {
  const told = execFileSync('grep', ['se.slice', '/proc/self/sched'], { encoding: 'utf8' });
  return Number(told.split(':')[1]) / 1e6;
}

const [major, minor] = release().split('.').map(Number) as [number, number];
const skip = major > 6 || (major === 6 && minor >= 12) ? false : 'needs Linux 6.12';

test('a time slice is passed on to what is started, and taken back', { skip }, () => {
  const usual = inherited();
  setTimeSlice(0.25);
  try {
    assert.equal(inherited(), 0.25);
  } finally {
    setTimeSlice(0);
  }
  assert.equal(inherited(), usual);
});
