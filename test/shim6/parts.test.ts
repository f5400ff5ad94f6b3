/** The small parts under the state machine. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Deadlines, type Timed } from '../../control/shim6/deadlines.ts';
import { leastDoubtful, locatorPair } from '../../control/shim6/locator-pairs.ts';
import { Queue } from '../../control/shim6/queue.ts';
import {
  issuedAfter,
  ResponderValidators,
  type ValidatedFields,
} from '../../control/shim6/responder-validator.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { SeededRandom } from './random.ts';

describe('responder validators', () => {
  const fields: ValidatedFields = {
    initiatorTag: { high: 1, low: 2 },
    initiatorNonce: 3,
    initiatorUlid: parseAddress('fc00:db8:1::1'),
    responderUlid: parseAddress('fc00:db8:2::2'),
    initiatorLocator: parseAddress('2001:db8:11::1'),
    responderLocator: parseAddress('2001:db8:21::2'),
    forkedInstance: 0,
  };
  const LIFETIME = 30_000;
  const fresh = () => new ResponderValidators(new SeededRandom(1).octets, LIFETIME);

  test('are bound to every field', () => {
    const validators = fresh();
    const { responderNonce, validator } = validators.issue(0, fields);
    assert.ok(validators.holds(0, fields, responderNonce, validator));
    const other = parseAddress('2001:db8:99::9');
    const changes: Partial<ValidatedFields>[] = [
      { initiatorTag: { high: 1, low: 3 } },
      { initiatorNonce: 4 },
      { initiatorUlid: other },
      { responderUlid: other },
      { initiatorLocator: other },
      { responderLocator: other },
      { forkedInstance: 1 },
    ];
    for (const change of changes) {
      assert.ok(
        !validators.holds(0, { ...fields, ...change }, responderNonce, validator),
        JSON.stringify(change),
      );
    }
    assert.ok(!validators.holds(0, fields, responderNonce + 1, validator));
    assert.ok(!validators.holds(0, fields, responderNonce, validator.subarray(1)));
    assert.ok(!validators.holds(0, fields, responderNonce, new Uint8Array()));
  });

  test('hold for VALIDATOR_MIN_LIFETIME whenever issued, and never for twice as long', () => {
    for (const issuedAt of [0, 1, 29_999, 30_000, 45_000, 1_000_000]) {
      const validators = fresh();
      validators.issue(0, fields);
      // Renewals need occasions: other handshakes give them.
      for (let now = 0; now < issuedAt; now += 1_000) validators.issue(now, fields);
      const { responderNonce, validator } = validators.issue(issuedAt, fields);
      assert.ok(
        validators.holds(issuedAt + LIFETIME, fields, responderNonce, validator),
        `issued at ${issuedAt}`,
      );
      assert.ok(
        !validators.holds(issuedAt + 2 * LIFETIME, fields, responderNonce, validator),
        `issued at ${issuedAt}`,
      );
    }
  });

  test('do not outlive a long silence', () => {
    const validators = fresh();
    const { responderNonce, validator } = validators.issue(0, fields);
    assert.ok(!validators.holds(100_000, fields, responderNonce, validator));
  });

  test('carry nonces in the order of their issue, across the wrap', () => {
    const validators = fresh();
    const first = validators.issue(0, fields).responderNonce;
    const second = validators.issue(0, fields).responderNonce;
    assert.ok(issuedAfter(second, first) && !issuedAfter(first, second) && !issuedAfter(first, first));
    assert.ok(issuedAfter(1, 0xffffffff) && !issuedAfter(0xffffffff, 1));
    assert.ok(issuedAfter(0x80000000, 0x7fffffff | 0));
  });
});

test('deadlines come out in order, whatever was set, moved and cancelled before', () => {
  const action = fc.record({ timer: fc.nat(19), deadline: fc.nat(100), cancel: fc.boolean() });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const deadlines = new Deadlines<Timed>();
      const timers = Array.from({ length: 20 }, (): Timed => ({ deadline: 0, heapIndex: -1 }));
      const expected = new Map<Timed, number>();
      for (const { timer, deadline, cancel } of actions) {
        const timed = timers[timer]!;
        if (cancel) {
          deadlines.cancel(timed);
          expected.delete(timed);
        } else {
          deadlines.set(timed, deadline);
          expected.set(timed, deadline);
        }
      }
      const order = [...expected.values()].sort((first, second) => first - second);
      assert.equal(deadlines.next(), order[0]);
      const taken: number[] = [];
      for (let due = deadlines.takeDue(50); due; due = deadlines.takeDue(50)) taken.push(due.deadline);
      assert.deepEqual(
        taken,
        order.filter((deadline) => deadline <= 50),
      );
      for (let due = deadlines.takeDue(100); due; due = deadlines.takeDue(100)) taken.push(due.deadline);
      assert.deepEqual(taken, order);
      assert.equal(deadlines.next(), undefined);
    }),
  );
});

test('locator pairs: every pair once per round, and both ends differ in the second', () => {
  const locators = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) => parseAddress(`${prefix}::${index + 1}`));
  for (const [sources, destinations] of [
    [1, 1],
    [1, 3],
    [2, 2],
    [2, 4],
    [3, 2],
    [4, 6],
  ] as const) {
    const from = locators('2001:db8:1', sources);
    const to = locators('2001:db8:2', destinations);
    const all = Array.from({ length: sources * destinations }, (_, attempt) =>
      locatorPair(from, to, attempt),
    );
    const distinct = new Set(
      all.map(({ source, destination }) => `${from.indexOf(source)} ${to.indexOf(destination)}`),
    );
    assert.equal(distinct.size, sources * destinations, `${sources} by ${destinations}`);
    if (sources > 1) assert.notEqual(all[1]!.source, all[0]!.source);
    if (destinations > 1) assert.notEqual(all[1]!.destination, all[0]!.destination);
  }
});

test('locator pairs with doubts come after those without, each once per round, in the same order otherwise', () => {
  const from = ['2001:db8:11::1', '2001:db8:12::1'].map(parseAddress);
  const to = ['2001:db8:21::2', '2001:db8:22::2'].map(parseAddress);
  const order = (doubts: Record<string, number>) =>
    Array.from({ length: 5 }, (_, attempt) => {
      const { source, destination } = leastDoubtful(
        from,
        to,
        attempt,
        (pair) => doubts[`${from.indexOf(pair.source)}${to.indexOf(pair.destination)}`] ?? 0,
      );
      return `${from.indexOf(source)}${to.indexOf(destination)}`;
    });
  const plain = Array.from({ length: 5 }, (_, attempt) => {
    const { source, destination } = locatorPair(from, to, attempt);
    return `${from.indexOf(source)}${to.indexOf(destination)}`;
  });
  assert.deepEqual(order({}), plain);
  assert.deepEqual(plain, ['00', '11', '01', '10', '00']);
  assert.deepEqual(order({ '00': 1, '10': 1 }), ['11', '01', '00', '10', '11']);
  assert.deepEqual(order({ '00': 2, '11': 1, '01': 1, '10': 1 }), ['11', '01', '10', '00', '11']);
});

test('the queue gives back what went in, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(), { nil: undefined })), (actions) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      for (const action of actions) {
        if (action === undefined) {
          assert.equal(queue.shift(), model.shift());
        } else {
          queue.push(action);
          model.push(action);
        }
        assert.equal(queue.length, model.length);
      }
    }),
  );
});
