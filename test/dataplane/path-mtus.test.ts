import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATH_MTU_LIFETIME, PathMtus } from '../../control/dataplane/path-mtus.ts';
import { type Address, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';

const peer = (number: number) => parseAddress(`2001:db8:21::${number}`);

/** What stands in the table, as text. */
function table() {
  const entries = new Map<string, number>();
  const key = (uplink: number, destination: Address) => `${uplink} ${formatAddress(destination)}`;
  let count = 0;
  const mtus = new PathMtus(
    {
      set: (uplink, destination, mtu) => entries.set(key(uplink, destination), mtu),
      delete: (uplink, destination) => assert.ok(entries.delete(key(uplink, destination))),
      count: (now) => {
        count = now;
      },
    },
    3,
  );
  return { mtus, entries: () => Object.fromEntries(entries), count: () => count };
}

test('a path takes what Packet Too Big says, and less when it says less', () => {
  const { mtus, entries, count } = table();
  assert.equal(mtus.learn(0, 1, peer(1), 1400), true);
  assert.equal(mtus.learn(1, 1, peer(1), 1450), false, 'a message never raises an estimate (RFC 8201 §4)');
  assert.equal(mtus.learn(2, 1, peer(1), 1400), false);
  assert.equal(mtus.learn(3, 1, peer(1), 1300), true);
  assert.equal(mtus.learn(4, 0, peer(1), 1350), true);
  assert.deepEqual(entries(), { '1 2001:db8:21::1': 1300, '0 2001:db8:21::1': 1350 });
  assert.equal(count(), 2);
});

test('less than 1280 is discarded (RFC 8201 §4)', () => {
  const { mtus, entries } = table();
  assert.equal(mtus.learn(0, 1, peer(1), 1279), false);
  assert.equal(mtus.learn(0, 1, peer(1), 0), false);
  assert.deepEqual(entries(), {});
});

test('an estimate is forgotten ten minutes after the last message about its path', () => {
  const { mtus, entries, count } = table();
  mtus.learn(0, 1, peer(1), 1400);
  mtus.learn(1_000, 1, peer(2), 1400);
  mtus.learn(2_000, 1, peer(1), 1300);
  mtus.expire(PATH_MTU_LIFETIME + 999);
  assert.equal(count(), 2);
  mtus.expire(PATH_MTU_LIFETIME + 1_000);
  assert.deepEqual(entries(), { '1 2001:db8:21::1': 1300 });
  mtus.expire(PATH_MTU_LIFETIME + 2_000);
  assert.deepEqual([entries(), count()], [{}, 0]);
});

test('a message that says nothing new, or more, puts off the next attempt with larger packets (RFC 8201 §4)', () => {
  for (const mtu of [1400, 1450]) {
    const { mtus, entries } = table();
    mtus.learn(0, 1, peer(1), 1400);
    mtus.learn(PATH_MTU_LIFETIME - 1_000, 1, peer(1), mtu);
    mtus.expire(2 * PATH_MTU_LIFETIME - 1_001);
    assert.deepEqual(entries(), { '1 2001:db8:21::1': 1400 });
    mtus.expire(2 * PATH_MTU_LIFETIME - 1_000);
    assert.deepEqual(entries(), {});
  }
});

test('the oldest makes room', () => {
  const { mtus, entries, count } = table();
  for (const number of [1, 2, 3, 4]) mtus.learn(number, 0, peer(number), 1400);
  assert.deepEqual(Object.keys(entries()), ['0 2001:db8:21::2', '0 2001:db8:21::3', '0 2001:db8:21::4']);
  assert.equal(count(), 3);
});

test("an uplink that becomes another provider's begins without estimates", () => {
  const { mtus, entries, count } = table();
  mtus.learn(0, 1, peer(1), 1400);
  mtus.learn(0, 2, peer(1), 1300);
  mtus.forgetUplink(1);
  assert.deepEqual(entries(), { '2 2001:db8:21::1': 1300 });
  assert.equal(count(), 1);
  assert.equal(mtus.learn(1, 1, peer(1), 1450), true);
});
