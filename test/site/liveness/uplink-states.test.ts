/** RFC 2439's idea for uplinks, in virtual time: down at once, up when stable, damped when flapping. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceName, SourceState } from '../../../control/site/liveness/source.ts';
import { UplinkStates } from '../../../control/site/liveness/uplink-states.ts';

const SECOND = 1000;
const damping = { halfLife: 60 * SECOND, suppress: 3000, reuse: 1000, longest: 300 * SECOND };
const hysteresis = { upAfter: 3 * SECOND, damping };

/** `count` uplinks with carrier and router, all up at time 0. */
function uplinks(count: number) {
  const states = new UplinkStates(Array.from({ length: count }, () => hysteresis));
  const say = (at: number, uplink: number, source: SourceName, state: SourceState, detail: string = state) =>
    states
      .report(at, uplink, { source, state, detail })
      .map(({ uplink: index, state: now, reason }) => `${index} ${now} ${reason}`);
  const advance = (at: number) => states.advance(at).map(({ uplink, state }) => `${uplink} ${state}`);
  for (let uplink = 0; uplink < count; uplink++) {
    say(0, uplink, 'carrier', 'up');
    say(0, uplink, 'neighbour', 'up');
  }
  return { states, say, advance };
}

test('an uplink that was never lost is up as soon as it has carrier and its router is known', () => {
  const states = new UplinkStates([hysteresis]);
  assert.deepEqual(states.report(7, 0, { source: 'carrier', state: 'up', detail: 'carrier' }), []);
  assert.equal(states.isUp(0), false);
  const [up] = states.report(8, 0, { source: 'neighbour', state: 'up', detail: 'router resolved' });
  assert.deepEqual(up, { uplink: 0, state: 'up', reason: 'all sources are content', at: 8 });
});

test('one source is enough to take it down, at once, with its reason', () => {
  for (const source of ['carrier', 'neighbour', 'bfd', 'routes', 'probe'] as const) {
    const { say } = uplinks(2);
    assert.deepEqual(say(5, 0, source, 'down', 'why'), [`0 down ${source}: why`]);
    assert.deepEqual(say(6, 0, source, 'down', 'why'), [], 'said once');
  }
});

test('it is up again when all sources have been content for as long as configured', () => {
  const { states, say, advance } = uplinks(2);
  say(10, 0, 'bfd', 'down');
  say(11, 0, 'probe', 'down');
  say(1000, 0, 'bfd', 'up');
  assert.deepEqual(advance(9000), [], 'the probes still complain');
  say(10_000, 0, 'probe', 'up');
  assert.equal(states.phase(0, 10_000), 'waiting');
  assert.equal(states.nextDeadline(10_000), 13_000);
  assert.deepEqual(advance(12_999), []);
  assert.deepEqual(advance(13_000), ['0 up']);
});

test('a complaint while it waits begins the wait anew', () => {
  const { say, advance } = uplinks(2);
  say(0, 0, 'carrier', 'down');
  say(1000, 0, 'carrier', 'up');
  say(3000, 0, 'carrier', 'down');
  say(3500, 0, 'carrier', 'up');
  assert.deepEqual(advance(4000), []);
  assert.deepEqual(advance(6500), ['0 up']);
});

test('what a witness does not know is nothing against the uplink; what is needed must be known', () => {
  const { say } = uplinks(2);
  assert.deepEqual(say(1, 0, 'bfd', 'unknown', 'bfdd does not answer'), []);
  assert.deepEqual(say(2, 0, 'neighbour', 'unknown', 'not resolved'), ['0 down neighbour: not resolved']);
});

test('a witness that was down and is then silent does not hold the uplink down', () => {
  const { say, advance } = uplinks(2);
  say(0, 0, 'bfd', 'down');
  say(1000, 0, 'bfd', 'unknown', 'bfdd ended');
  assert.deepEqual(advance(4000), ['0 up']);
});

test('an uplink that flaps is damped until it has been quiet, the longer the oftener it was lost', () => {
  const { states, say, advance } = uplinks(2);
  let at = 0;
  let switches = 0;
  for (let flap = 0; flap < 30; flap++) {
    switches += say(at, 0, 'carrier', 'down').length;
    switches += say(at + 500, 0, 'carrier', 'up').length;
    switches += advance(at + 3500).length;
    at += 4 * SECOND;
  }
  // Three losses put up with, one of them still up when the fourth came: then nothing until it is quiet.
  assert.ok(switches <= 7, `${switches} switches`);
  assert.equal(states.phase(0, at), 'damped');
  const due = states.nextDeadline(at)!;
  assert.ok(due > at + 60 * SECOND && due <= at + 300 * SECOND, `${due - at} ms`);
  assert.deepEqual(advance(due - 1), []);
  assert.deepEqual(advance(due), ['0 up']);
});

test('a first loss is never delayed, however much the uplink flapped before', () => {
  const { states, say, advance } = uplinks(2);
  for (let flap = 0; flap < 10; flap++) {
    say(flap * 100, 0, 'bfd', 'down');
    say(flap * 100 + 50, 0, 'bfd', 'up');
  }
  const due = states.nextDeadline(1000)!;
  assert.deepEqual(advance(due), ['0 up']);
  assert.deepEqual(say(due + 1, 0, 'bfd', 'down'), ['0 down bfd: down']);
});

test('a source that lies about every uplink does not cut the site off', () => {
  const { states, say } = uplinks(2);
  assert.deepEqual(say(1, 0, 'bfd', 'down'), ['0 down bfd: down']);
  assert.deepEqual(say(2, 1, 'bfd', 'down'), ['0 up nothing else is left']);
  assert.deepEqual([states.isUp(0), states.isUp(1)], [true, true]);
  assert.equal(states.phase(1, 2), 'last-resort');
});

test('an uplink that only waits is used while no other is up, and left when one is', () => {
  const { states, say, advance } = uplinks(2);
  say(0, 0, 'carrier', 'down');
  say(1000, 0, 'carrier', 'up');
  assert.deepEqual(say(1500, 1, 'carrier', 'down'), ['1 down carrier: down', '0 up nothing else is left']);
  assert.deepEqual(advance(4000), []);
  assert.deepEqual([states.phase(0, 4000), states.isUp(1)], ['up', false]);
});

test('without carrier or router an uplink is no last resort', () => {
  const { states, say } = uplinks(2);
  say(0, 0, 'carrier', 'down');
  say(1, 1, 'neighbour', 'down');
  assert.deepEqual([states.isUp(0), states.isUp(1)], [false, false]);
  assert.deepEqual(say(2, 0, 'carrier', 'up'), ['0 up nothing else is left']);
});

test('what was a last resort is down again, with the reason, when a better one is there', () => {
  const { say, advance } = uplinks(2);
  say(0, 1, 'carrier', 'down');
  assert.deepEqual(say(1, 0, 'bfd', 'down', 'timer'), [], 'nothing else is left');
  assert.deepEqual(say(100, 1, 'carrier', 'up'), ['0 down bfd: timer', '1 up nothing else is left']);
  assert.deepEqual(advance(3100), [], 'now by its own merits');
});

test('a liveness source that flaps all day causes a bounded number of switches', () => {
  const { say, advance } = uplinks(2);
  let switches = 0;
  for (let at = 0; at < 3600 * SECOND; at += 400) {
    switches += say(at, 0, 'bfd', (at / 400) % 2 === 0 ? 'down' : 'up').length;
    switches += advance(at + 200).length;
  }
  assert.equal(switches, 1, 'down once, and never content for long enough to be up');
});
