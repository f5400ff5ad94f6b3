import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { HeldAnswers } from '../../control/adapters/held-answers.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const HOST = parseAddress('fc00:db8:1::1');
const [first, second] = [parseAddress('fc00:db8:2::1'), parseAddress('fc00:db8:2::2')];

function scene(wait: number, underWay: (peer: unknown) => boolean = () => true) {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  const released: string[] = [];
  const held = new HeldAnswers({ wait, underWay: (_host, peer) => underWay(peer) });
  const hold = (name: string, ...peers: Uint8Array[]): boolean =>
    held.hold(HOST, peers, () => released.push(name));
  return { held, hold, released };
}

it('an answer waits until the handshake has ended, and is released once', () => {
  const { held, hold, released } = scene(20);
  assert.equal(hold('a', first), true);
  assert.equal(hold('b', first), true);
  mock.timers.tick(19);
  assert.deepEqual(released, []);
  held.settled(HOST, second);
  assert.deepEqual(released, []);
  held.settled(HOST, first);
  assert.deepEqual(released, ['a', 'b']);
  held.settled(HOST, first);
  mock.timers.tick(100);
  assert.deepEqual(released, ['a', 'b']);
  assert.deepEqual(held.counters, { answersHeld: 2, answersHeldInVain: 0 });
});

it('no longer than it may', () => {
  const { held, hold, released } = scene(20);
  hold('a', first);
  mock.timers.tick(20);
  assert.deepEqual(released, ['a']);
  held.settled(HOST, first);
  assert.deepEqual(released, ['a']);
  assert.deepEqual(held.counters, { answersHeld: 1, answersHeldInVain: 1 });
});

it('of several peers for all whose handshake is under way', () => {
  const { held, hold, released } = scene(20);
  hold('a', first, second);
  held.settled(HOST, first);
  assert.deepEqual(released, []);
  held.settled(HOST, second);
  assert.deepEqual(released, ['a']);
  const other = scene(20, (peer) => peer === first);
  other.hold('b', first, second);
  other.held.settled(HOST, first);
  assert.deepEqual(other.released, ['b']);
});

it('does not wait where no handshake is under way, where waiting is off, nor beyond a bound', () => {
  assert.equal(scene(20, () => false).hold('a', first), false);
  assert.equal(scene(0).hold('a', first), false);
  const { held, hold, released } = scene(20);
  let count = 0;
  while (hold('a', first)) count++;
  assert.equal(count, 1024);
  held.settled(HOST, first);
  assert.equal(released.length, 1024);
  assert.equal(hold('b', first), true);
});

it('a handshake that ends while another answer is released does no harm', () => {
  const { held, released } = scene(20);
  held.hold(HOST, [first], () => {
    released.push('a');
    held.hold(HOST, [first], () => released.push('again'));
  });
  held.hold(HOST, [first, second], () => released.push('b'));
  held.settled(HOST, first);
  assert.deepEqual(released, ['a']);
  held.settled(HOST, second);
  mock.timers.tick(20);
  assert.deepEqual(released, ['a', 'b', 'again']);
});

it('closed, it answers nobody', () => {
  const { held, hold, released } = scene(20);
  hold('a', first);
  held.close();
  held.settled(HOST, first);
  mock.timers.tick(100);
  assert.deepEqual(released, []);
});
