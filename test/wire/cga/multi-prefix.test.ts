import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeMultiPrefix,
  encodeMultiPrefix,
  findMultiPrefix,
  MULTI_PREFIX_TYPE,
} from '../../../control/wire/cga/multi-prefix.ts';
import { DecodeError } from '../../../control/wire/octets.ts';
import { hex } from '../shim6/hex.ts';

const prefixes = [hex('fc000db800010000'), hex('20010db800110000')];
const vector = 'fc000db800010000 20010db800110000';

test('type, P flag, reserved bits and prefixes, in order', () => {
  assert.deepEqual(encodeMultiPrefix({ publicKey: true, prefixes }), {
    type: 0x0012,
    data: hex(`80000000 ${vector}`),
  });
  assert.deepEqual(encodeMultiPrefix({ publicKey: false, prefixes }).data, hex(`00000000 ${vector}`));
  assert.deepEqual(decodeMultiPrefix(hex(`80000000 ${vector}`)), { publicKey: true, prefixes });
});

test('reserved bits are ignored on receipt', () => {
  assert.deepEqual(decodeMultiPrefix(hex(`7fffffff ${vector}`)), { publicKey: false, prefixes });
  assert.deepEqual(decodeMultiPrefix(hex(`ffffffff ${vector}`)), { publicKey: true, prefixes });
});

test('what does not fit is refused', () => {
  for (const [text, code] of [
    ['', 'truncated'],
    ['800000', 'truncated'],
    ['80000000', 'length'],
    ['80000000 20010db8', 'length'],
    [`80000000 ${vector} 00`, 'length'],
  ] as const) {
    assert.throws(
      () => decodeMultiPrefix(hex(text)),
      (error) => error instanceof DecodeError && error.code === code,
      text,
    );
  }
  for (const wrong of [[], [hex('20010db8')], [prefixes[0]!, prefixes[0]!]]) {
    assert.throws(() => encodeMultiPrefix({ publicKey: true, prefixes: wrong }), { name: 'EncodeError' });
  }
});

test('it is found among other extensions, and must be the only one of its type', () => {
  const extension = encodeMultiPrefix({ publicKey: false, prefixes });
  const other = { type: 0xfffd, data: hex('01') };
  assert.deepEqual(findMultiPrefix({ extensions: [other, extension] }), { publicKey: false, prefixes });
  assert.equal(findMultiPrefix({ extensions: [other] }), undefined);
  assert.throws(() => findMultiPrefix({ extensions: [extension, other, extension] }), {
    name: 'DecodeError',
  });
  const malformed = { type: MULTI_PREFIX_TYPE, data: hex('80000000') };
  assert.throws(() => findMultiPrefix({ extensions: [malformed] }), { name: 'DecodeError' });
});

test('any octets give a value or a DecodeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
      try {
        const decoded = decodeMultiPrefix(data);
        assert.equal(data.length, 4 + 8 * decoded.prefixes.length);
        assert.equal(decoded.publicKey, data[0]! >= 0x80);
        assert.deepEqual(Buffer.concat(decoded.prefixes), Buffer.from(data.subarray(4)));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
  );
});
