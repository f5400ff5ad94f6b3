import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DnsDecodeError, type DnsFault } from '../../../control/wire/dns/decode-error.ts';
import {
  formatName,
  isBelow,
  nameKey,
  parseName,
  readName,
  skipName,
} from '../../../control/wire/dns/name.ts';

const fault = (expected: DnsFault) => (error: unknown) =>
  error instanceof DnsDecodeError && error.fault === expected;

describe('names on the wire', () => {
  const message = Buffer.from('\x03foo\x03com\0\x01h\xc0\0\xc0\x09\x41', 'latin1');

  it('are decompressed, and skipped without following pointers', () => {
    assert.deepEqual(readName(message, 9), { name: parseName('h.foo.com'), end: 13 });
    assert.deepEqual(readName(message, 13), { name: parseName('h.foo.com'), end: 15 });
    assert.deepEqual(
      [0, 9, 13].map((offset) => skipName(message, offset)),
      [9, 13, 15],
    );
  });

  it('are refused with pointers forward or to themselves, unknown label types, or beyond the end', () => {
    assert.throws(() => readName(Buffer.from('c000', 'hex'), 0), fault('pointer'));
    assert.throws(() => readName(Buffer.from('c002c000', 'hex'), 0), fault('pointer'));
    assert.throws(() => readName(Buffer.from('0161c000', 'hex'), 0), fault('pointer'));
    assert.throws(() => readName(message, 15), fault('label-type'));
    for (const bad of ['', '03666f', '0161', 'c0']) {
      assert.throws(() => readName(Buffer.from(bad, 'hex'), 0), fault('short'));
      assert.throws(() => skipName(Buffer.from(bad, 'hex'), 0), fault('short'));
    }
  });

  it('have 255 octets at most, also when pointers make them longer', () => {
    const label = `3f${'61'.repeat(63)}`;
    const longest = Buffer.from(`${label.repeat(3)}3d${'61'.repeat(61)}00`, 'hex');
    assert.equal(readName(longest, 0).name.length, 255);
    assert.equal(skipName(longest, 0), 255);
    const longer = Buffer.from(`${label.repeat(3)}3e${'61'.repeat(62)}00`, 'hex');
    assert.throws(() => readName(longer, 0), fault('name-length'));
    assert.throws(() => skipName(longer, 0), fault('name-length'));
    assert.throws(
      () => readName(Buffer.concat([longest, Buffer.from('0161c000', 'hex')]), 255),
      fault('name-length'),
    );
  });
});

describe('names as text', () => {
  it('escape what is not plain, and read back', () => {
    for (const [text, hex] of [
      ['.', '00'],
      ['H2.foo.com', '0248320 3666f6f03636f6d00'.replace(' ', '')],
      ['a\\.b.\\255.\\\\\\000', '03612e6201ff025c0000'],
    ] as const) {
      const name = parseName(text);
      assert.equal(Buffer.from(name).toString('hex'), hex);
      assert.equal(formatName(name), text);
    }
    assert.deepEqual(parseName('foo.com.'), parseName('foo.com'));
  });

  it('are refused when empty, too long, or half escaped', () => {
    for (const text of ['', 'a..b', '.a', 'a\\', '\\256', 'x'.repeat(64), 'ab.'.repeat(90), 'é\u0100']) {
      assert.throws(() => parseName(text), fault('text'), text);
    }
  });

  it('compare without case of ASCII letters, label by label', () => {
    assert.equal(nameKey(parseName('WWW.Foo.com')), nameKey(parseName('www.fOO.COM')));
    assert.notEqual(nameKey(parseName('a\\.b.c')), nameKey(parseName('a.b.c')));
    assert.equal(isBelow(parseName('a.FOO.com'), parseName('foo.com')), true);
    assert.equal(isBelow(parseName('foo.com'), parseName('.')), true);
    assert.equal(isBelow(parseName('foo.com'), parseName('foo.com')), false);
    assert.equal(isBelow(parseName('xfoo.com'), parseName('foo.com')), false);
    assert.equal(isBelow(parseName('.'), parseName('.')), false);
  });
});
