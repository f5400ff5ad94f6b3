import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecodeError, EncodeError } from '../../../control/wire/octets.ts';
import {
  criticalOption,
  decodeMessage,
  decodePayloadHeader,
  encodeMessage,
  encodePayloadHeader,
  headerLength,
  type I1,
  isPayload,
  MAXIMUM_MESSAGE_LENGTH,
  type Option,
  optionOffset,
  tagFromNumber,
  tagNumber,
} from '../../../control/wire/shim6/index.ts';
import { anyMessage } from './arbitrary.ts';
import { hex } from './hex.ts';
import { sealed } from './sealed.ts';

const i1: I1 = { type: 'I1', initiatorTag: { high: 1, low: 2 }, initiatorNonce: 3, options: [] };

const refused = (bytes: Uint8Array, code: string, offset?: number) =>
  assert.throws(
    () => decodeMessage(bytes),
    (error) =>
      error instanceof DecodeError && error.code === code && (offset ?? error.offset) === error.offset,
  );

test('what is encoded is decoded to the same value', () => {
  fc.assert(
    fc.property(anyMessage, (message) =>
      assert.deepEqual(decodeMessage(encodeMessage(message, 2048)), message),
    ),
  );
});

test('any octets give a value or a DecodeError', () => {
  const decodes = (bytes: Uint8Array) => {
    try {
      decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      assert.ok(error.offset <= bytes.length);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decodes));
  // Random octets rarely pass the checksum: give them a good one, so that options are reached.
  const body = fc
    .integer({ min: 1, max: 30 })
    .chain((words) => fc.uint8Array({ minLength: 8 * words, maxLength: 8 * words }));
  const known = fc.constantFrom(1, 2, 3, 4, 5, 6, 64, 65, 66, 67, 68, 99);
  fc.assert(
    fc.property(body, known, (bytes, type) => {
      bytes[2] = type;
      bytes[3] = 0;
      decodes(sealed(bytes));
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(anyMessage, fc.nat(), fc.nat(255), (message, position, octet) => {
      const bytes = encodeMessage(message, 2048);
      bytes[position % bytes.length] = octet;
      decodes(bytes);
      decodes(sealed(bytes));
      decodes(bytes.subarray(0, position % bytes.length));
    }),
    { numRuns: 500 },
  );
});

test('the common header is checked, RFC 5533 §5.3 and §12.3', () => {
  const good = encodeMessage(i1);
  const changed = (at: number, value: number) => {
    const bytes = good.slice();
    bytes[at] = value;
    return bytes;
  };
  refused(good.subarray(0, 1), 'truncated');
  refused(good.subarray(0, 15), 'truncated', 1);
  refused(changed(2, 0x81), 'value', 2);
  refused(changed(3, 0x01), 'value', 3);
  refused(changed(15, 4), 'checksum', 4);
  refused(sealed(good.subarray(0, 8)), 'length', 1);
});

test('reserved fields, padding, Next Header and octets behind the header are ignored on receipt', () => {
  const bytes = encodeMessage({
    ...i1,
    options: [{ type: 'Unrecognized', code: 20, critical: false, contents: hex('01') }],
  });
  const noisy = bytes.slice();
  noisy[0] = 17;
  noisy[3] = 0xfe;
  noisy[6] = noisy[6]! | 0x80;
  noisy[23] = 0xff;
  assert.deepEqual(decodeMessage(Uint8Array.from([...sealed(noisy), 1, 2, 3])), decodeMessage(bytes));
});

test('a message type that is not defined is a value', () => {
  const bytes = encodeMessage(i1);
  bytes[2] = 59;
  assert.deepEqual(decodeMessage(sealed(bytes)), { type: 'Unknown', code: 59 });
});

test('an option of another message is kept as bytes, with its C bit', () => {
  const validator = hex('0003 0004 01020304');
  const bytes = sealed(Uint8Array.from([...encodeMessage(i1), ...validator]));
  const message = decodeMessage(bytes);
  assert.ok(message.type === 'I1');
  assert.deepEqual(message.options, [
    { type: 'Unrecognized', code: 1, critical: true, contents: hex('01020304') },
  ]);
  assert.equal(criticalOption(message.options), 0);
});

test('options whose lengths contradict each other are refused', () => {
  const update = encodeMessage({
    type: 'UpdateRequest',
    receiverTag: i1.initiatorTag,
    requestNonce: 1,
    options: [],
  });
  const withOption = (text: string) => sealed(Uint8Array.from([...update, ...hex(text)]));
  refused(withOption('0004 0010 00000001'), 'truncated');
  refused(withOption('0004 0010 00000001 02 0202 000000000000000000 00000000'), 'length');
  refused(withOption('0006 0006 00000001 00 00 000000000000'), 'value');
  refused(withOption('0006 0008 00000001 02 010203 00000000'), 'length');
  refused(withOption('0014 0002 0000 0000'), 'length');
  refused(withOption('0014 0006 0000 0001 0000 000000000000'), 'length');
});

test('the pointer of an option counts padding', () => {
  const options: Option[] = [
    { type: 'Unrecognized', code: 20, critical: false, contents: hex('0102030405') },
    { type: 'ForkedInstanceIdentifier', identifier: 1 },
    { type: 'Unrecognized', code: 21, critical: true, contents: hex('') },
  ];
  const bytes = encodeMessage({ ...i1, options });
  const offsets = options.map((_, index) => optionOffset(bytes, headerLength('I1'), index));
  assert.deepEqual(offsets, [16, 32, 40]);
});

test('a message that would not fit 1280 octets with its IPv6 header is not encoded', () => {
  const withContents = (length: number) => ({
    ...i1,
    options: [{ type: 'Unrecognized', code: 20, critical: false, contents: new Uint8Array(length) } as const],
  });
  assert.equal(encodeMessage(withContents(1220)).length, MAXIMUM_MESSAGE_LENGTH);
  assert.throws(
    () => encodeMessage(withContents(1221)),
    (error) => error instanceof EncodeError && error.code === 'too-long',
  );
});

test('the payload header, RFC 5533 §5.2', () => {
  const header = { nextHeader: 6, receiverTag: { high: 0x7abc, low: 0x01234567 } };
  assert.deepEqual(encodePayloadHeader(header), hex('06 00 fabc 01234567'));
  assert.deepEqual(decodePayloadHeader(hex('06 00 fabc 01234567 ffff')), header);
  assert.ok(isPayload(hex('06 00 fabc 01234567')));
  assert.ok(!isPayload(encodeMessage(i1)));
  for (const bad of ['06 01 fabc 01234567', '06 00 7abc 01234567', '06 00 fabc 012345', '']) {
    assert.throws(() => decodePayloadHeader(hex(bad)), DecodeError);
  }
});

test('a tag is one integer and back', () => {
  fc.assert(
    fc.property(fc.nat(0x7fff), fc.nat(0xffffffff), (high, low) =>
      assert.deepEqual(tagFromNumber(tagNumber({ high, low })), { high, low }),
    ),
  );
});
