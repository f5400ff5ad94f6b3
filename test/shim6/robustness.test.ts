/** Messages that are not understood, and messages that mean nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, type Option } from '../../control/wire/shim6/index.ts';
import { anyMessage } from '../wire/shim6/arbitrary.ts';
import { sealed } from '../wire/shim6/sealed.ts';
import { Pair, type Sent } from './pair.ts';

test('unknown types and critical options draw Error with its pointer, at a bounded rate, RFC 5533 §12.3', () => {
  const pair = new Pair();
  const { core, host } = pair.b;
  const addressed = { source: pair.a.host.locators[0]!.address, destination: host.locators[0]!.address };
  const update = (options: Option[]) =>
    encodeMessage({ type: 'UpdateRequest', receiverTag: { high: 0, low: 0 }, requestNonce: 0, options });
  const critical = update([
    { type: 'Unrecognized', code: 99, critical: false, contents: new Uint8Array(5) },
    { type: 'Unrecognized', code: 99, critical: true, contents: new Uint8Array(0) },
  ]);
  core.handleMessage(0, { ...addressed, message: critical });
  const effect = core.pollEffect();
  assert.ok(effect?.kind === 'send');
  assert.deepEqual([effect.source, effect.destination], [addressed.destination, addressed.source]);
  const error = decodeMessage(effect.message);
  assert.ok(error.type === 'Error');
  assert.deepEqual([error.code, error.pointer], [1, 40 + 16 + 16]);
  assert.deepEqual(error.packet.slice(40), critical);
  assert.equal(error.packet[6], 140);

  const unknown = update([]);
  unknown[2] = 100;
  core.handleMessage(0, { ...addressed, message: sealed(unknown) });
  const second = core.pollEffect();
  assert.ok(second?.kind === 'send');
  const unknownError = decodeMessage(second.message);
  assert.ok(unknownError.type === 'Error');
  assert.deepEqual([unknownError.code, unknownError.pointer], [0, 42]);

  for (let repeat = 0; repeat < 100; repeat++) core.handleMessage(1, { ...addressed, message: critical });
  let errors = 0;
  while (core.pollEffect() !== undefined) errors++;
  assert.equal(errors, 8);
  assert.equal(core.counters['errors-suppressed'], 92);
});

describe('whatever arrives, the core does not throw, and established contexts stay', () => {
  const established = () => {
    const pair = new Pair();
    pair.establish();
    pair.runUntil(1_000);
    return pair;
  };
  const hit = (pair: Pair, message: Uint8Array, like: Sent) => {
    pair.inject({ source: like.source, destination: like.destination, message });
    assert.equal(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)?.state, 'ESTABLISHED');
    assert.equal(pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)?.state, 'ESTABLISHED');
  };

  test('random octets and random messages', () => {
    const pair = established();
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      anyMessage.map((message) => encodeMessage(message, 2048)),
    );
    fc.assert(
      fc.property(any, fc.nat(3), (message, like) => hit(pair, message, pair.sent[like]!)),
      { numRuns: 500 },
    );
    assert.equal(pair.a.core.size, 1);
    assert.equal(pair.b.core.size, 1);
  });

  test('real messages with octets changed and the checksum made good again', () => {
    const pair = established();
    const real = pair.sent.slice(0, 4);
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (which, changes) => {
          const message = real[which]!.message.slice();
          for (const [position, octet] of changes) message[6 + (position % (message.length - 6))] = octet;
          hit(pair, sealed(message), real[which]!);
        },
      ),
      { numRuns: 1_000 },
    );
    assert.equal(pair.a.core.size, 1);
    assert.equal(pair.b.core.size, 1);
  });
});
