import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatUlidData,
  formatUlidRecord,
  parseUlidData,
  parseUlidRecord,
  UlidRecordError,
} from '../../control/naming/ulid-record.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

describe('ULID record in generic form', () => {
  const ulid = parseAddress('fc00:db8:2::1');

  it('is written as RFC 3597 §5 says, and read back', () => {
    assert.equal(formatUlidData(ulid), '\\# 16 fc000db8000200000000000000000001');
    const line = formatUlidRecord('h2.foo.com.', 300, ulid);
    assert.equal(line, 'h2.foo.com. 300 IN TYPE65280 \\# 16 fc000db8000200000000000000000001');
    assert.deepEqual(parseUlidRecord(line), { name: 'h2.foo.com.', ttl: 300, ulid });
    assert.deepEqual(parseUlidRecord(formatUlidRecord('a.', 0, ulid, 65281), 65281).ulid, ulid);
  });

  it('is read as dig prints it: tabs, several words, upper case', () => {
    const printed = 'h2.foo.com.\t\t300\tIN\tTYPE65280 \\# 16 FC000DB8000200000000 000000000001';
    assert.deepEqual(parseUlidRecord(printed).ulid, ulid);
  });

  it('is refused with the text in the error', () => {
    for (const text of [
      '',
      '\\# 4 fc000db8',
      '\\# 16 fc00',
      '\\# 16 zc000db8000200000000000000000001',
      'fc00::1',
    ]) {
      assert.throws(
        () => parseUlidData(text),
        (error) => error instanceof UlidRecordError && error.text === text,
      );
    }
    for (const line of [
      '',
      'a 300 IN AAAA ::1',
      'a 300 IN TYPE65281 \\# 16 fc000db8000200000000000000000001',
    ]) {
      assert.throws(() => parseUlidRecord(line), UlidRecordError);
    }
  });
});
