import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import dnsPacket from 'dns-packet';
import { DnsDecodeError } from '../../../control/wire/dns/decode-error.ts';
import { buildOpt, findEdns } from '../../../control/wire/dns/edns.ts';
import { opcodeOf, rcodeOf, readHeader, withId } from '../../../control/wire/dns/header.ts';
import { parseName } from '../../../control/wire/dns/name.ts';
import { equalQuestion, readQuestion } from '../../../control/wire/dns/question.ts';
import { portableData, readRecords } from '../../../control/wire/dns/record.ts';
import { stripAddressHints } from '../../../control/wire/dns/svc-params.ts';
import { MessageWriter } from '../../../control/wire/dns/writer.ts';

const soa = {
  mname: 'ns.foo.com',
  rname: 'Host.foo.com',
  serial: 1,
  refresh: 2,
  retry: 3,
  expire: 4,
  minimum: 5,
};
const message = dnsPacket.encode({
  type: 'response',
  id: 0xabcd,
  flags: 0x0583,
  questions: [{ type: 'AAAA', name: 'h.foo.com' }],
  answers: [
    { type: 'CNAME', name: 'h.foo.com', ttl: 5, data: 'g.foo.com' },
    { type: 'AAAA', name: 'g.foo.com', ttl: 0x80000000, data: '2001:db8::1' },
  ],
  authorities: [{ type: 'SOA', name: 'foo.com', ttl: 60, data: soa }],
  additionals: [
    {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 4000,
      flags: 0x8000,
      options: [{ code: 10, data: Buffer.alloc(8) }],
    },
  ] as unknown as dnsPacket.Answer[],
});

describe('messages read in place', () => {
  const header = readHeader(message);
  const question = readQuestion(message, header);
  const { records, end } = readRecords(message, header, question.end);

  it('header, question, records, OPT', () => {
    assert.deepEqual(
      { ...header, opcode: opcodeOf(header), rcode: rcodeOf(header) },
      {
        id: 0xabcd,
        flags: 0x8583,
        questions: 1,
        answers: 2,
        authorities: 1,
        additionals: 1,
        opcode: 0,
        rcode: 3,
      },
    );
    assert.deepEqual(question.name, parseName('h.foo.com'));
    assert.deepEqual(
      records.map(({ section, type, ttl, dataLength }) => [section, type, ttl, dataLength]),
      [
        ['answer', 5, 5, 11],
        ['answer', 28, 0, 16],
        ['authority', 6, 60, 46],
        ['additional', 41, 0x8000, 12],
      ],
    );
    assert.equal(end, message.length);
    const edns = findEdns(message, records);
    assert.deepEqual([edns?.udpSize, edns?.dnssecOk, edns?.octets.length], [4000, true, 23]);
  });

  it('another ID in a copy', () => {
    const copy = withId(message, 0x0102);
    assert.deepEqual([copy[0], copy[1], message[0]], [1, 2, 0xab]);
    assert.deepEqual(Buffer.from(copy.subarray(2)), message.subarray(2));
  });

  it('questions compare without case', () => {
    assert.equal(equalQuestion(question, { ...question, name: parseName('H.FOO.com') }), true);
    assert.equal(equalQuestion(question, { ...question, type: 1 }), false);
    assert.equal(equalQuestion(question, { ...question, class: 3 }), false);
  });

  it('every shorter message is refused, with the place', () => {
    for (let length = 0; length < message.length; length++) {
      const short = message.subarray(0, length);
      assert.throws(
        () => {
          const cut = readHeader(short);
          readRecords(short, cut, readQuestion(short, cut).end);
        },
        (error) => error instanceof DnsDecodeError && error.fault === 'short' && error.offset <= length,
      );
    }
  });

  it('written again, compressed: dns-packet reads the same', () => {
    const writer = new MessageWriter(header.id, header.flags).question(question);
    for (const record of records.slice(0, 3)) {
      const name = ['h.foo.com', 'g.foo.com', 'foo.com'][records.indexOf(record)]!;
      writer.record({ ...record, name: parseName(name), data: portableData(message, record) });
    }
    const written = writer.additional(findEdns(message, records)!.octets).finish();
    assert.ok(written.length < message.length);
    const expected = dnsPacket.decode(message);
    const answers = expected.answers!.map((record) => ({
      ...record,
      ttl: (record as { ttl: number }).ttl & 0x7fffffff,
    }));
    assert.deepEqual(dnsPacket.decode(Buffer.from(written)), { ...expected, answers });
  });

  it('records in the wrong order are a mistake of ours', () => {
    const writer = new MessageWriter(0, 0).additional(buildOpt(false));
    const record = { section: 'answer', name: parseName('.'), type: 1, class: 1, ttl: 0, data: [] } as const;
    assert.throws(() => writer.record(record), RangeError);
  });
});

describe('SVCB parameters', () => {
  const strip = (hex: string) => Buffer.from(stripAddressHints(Buffer.from(hex, 'hex'))).toString('hex');

  it('lose the hints, and mandatory what it says of them', () => {
    assert.equal(strip('000100 00040004c0000201 00060000'.replaceAll(' ', '')), '000100');
    assert.equal(
      strip('000100 0000000400010006 00010003026832 00060000'.replaceAll(' ', '')),
      '00010000000002000100010003026832',
    );
    assert.equal(strip('000100 000000020006 00060000'.replaceAll(' ', '')), '000100');
    assert.equal(strip('00010000010003026832'), '00010000010003026832');
    assert.equal(strip('000000'), '000000');
  });

  it('are refused when cut', () => {
    for (const bad of ['', '0001', '00010000', '000100000600ff', '0001000006']) {
      assert.throws(() => strip(bad), DnsDecodeError, bad);
    }
  });
});
