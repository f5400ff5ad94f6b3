import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCgaParameters, encodeCgaParameters } from '../../../control/wire/cga/parameters.ts';
import { DecodeError } from '../../../control/wire/octets.ts';
import { hex } from '../shim6/hex.ts';

const fixed = '000102030405060708090a0b0c0d0e0f fc000db800010000 02';

test('fields and extensions, in order', () => {
  const bytes = hex(`${fixed} 3003020101 0001 0002 aabb fffd 0000 0001 0001 cc`);
  const parameters = decodeCgaParameters(bytes);
  assert.deepEqual(parameters, {
    modifier: hex('000102030405060708090a0b0c0d0e0f'),
    subnetPrefix: hex('fc000db800010000'),
    collisionCount: 2,
    publicKey: hex('3003020101'),
    extensions: [
      { type: 1, data: hex('aabb') },
      { type: 0xfffd, data: hex('') },
      { type: 1, data: hex('cc') },
    ],
  });
  assert.deepEqual(encodeCgaParameters(parameters), bytes);
});

test('the key ends where its DER length says', () => {
  for (const [header, length] of [
    ['30 7f', 127],
    ['30 81 80', 128],
    ['30 82 0126', 294],
  ] as const) {
    const key = Uint8Array.from([...hex(header), ...new Uint8Array(length)]);
    assert.deepEqual(decodeCgaParameters(Uint8Array.from([...hex(fixed), ...key])).publicKey, key);
  }
});

test('what does not fit is refused', () => {
  for (const [text, code] of [
    ['', 'truncated'],
    [fixed, 'truncated'],
    [`${fixed} 3103020101`, 'value'],
    [`${fixed} 3004020101`, 'truncated'],
    [`${fixed} 3080020101`, 'length'],
    [`${fixed} 308300000102`, 'length'],
    [`${fixed} 3003020101 00`, 'truncated'],
    [`${fixed} 3003020101 0001 0003 aabb`, 'truncated'],
  ] as const) {
    assert.throws(
      () => decodeCgaParameters(hex(text)),
      (error) => error instanceof DecodeError && error.code === code,
      text,
    );
  }
});

test('any octets give a value or a DecodeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        const parameters = decodeCgaParameters(bytes);
        if (parameters.collisionCount <= 2) assert.deepEqual(encodeCgaParameters(parameters), bytes);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
  );
});
