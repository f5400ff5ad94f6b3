/** DNS messages read in place and written again, names as text, service parameters, ULID records. */
import assert from 'node:assert/strict';
import dnsPacket from 'dns-packet';
import { readAnswer } from '../../../control/naming/answer.ts';
import { AnswerCache } from '../../../control/naming/answer-cache.ts';
import { classifyQuery } from '../../../control/naming/classify.ts';
import { plainQuery } from '../../../control/naming/plain-query.ts';
import { DEFAULT_DNS_ALG_SETTINGS } from '../../../control/naming/settings.ts';
import { parseUlidRecord, UlidRecordError } from '../../../control/naming/ulid-record.ts';
import { readUlids } from '../../../control/naming/ulids.ts';
import { DnsDecodeError } from '../../../control/wire/dns/decode-error.ts';
import { readHeader } from '../../../control/wire/dns/header.ts';
import { formatName, type Name, nameKey, parseName, readName } from '../../../control/wire/dns/name.ts';
import { readQuestion } from '../../../control/wire/dns/question.ts';
import { ownerOf, portableData, type RecordPlace, readRecords } from '../../../control/wire/dns/record.ts';
import { stripAddressHints } from '../../../control/wire/dns/svc-params.ts';
import { MessageWriter } from '../../../control/wire/dns/writer.ts';
import { hold, type Target } from '../target.ts';
import { text } from '../words.ts';
import { refused } from './shim6.ts';

const MAXIMUM = 2048;
const soa = {
  mname: 'ns.foo.com',
  rname: 'x.foo.com',
  serial: 1,
  refresh: 2,
  retry: 3,
  expire: 4,
  minimum: 5,
};
const encode = (packet: object): Uint8Array =>
  Uint8Array.from(dnsPacket.encode({ id: 1, flags: 0x180, ...packet } as dnsPacket.Packet));

export const target: Target = {
  invariant: 'values or DnsDecodeError; what is written again reads the same; names survive as text',
  maximumLength: MAXIMUM,
  dictionary: [
    Uint8Array.of(0xc0, 0x0c),
    Uint8Array.of(0xc0, 0x00),
    Uint8Array.of(3, 0x66, 0x6f, 0x6f, 0),
    ...[1, 5, 6, 28, 39, 41, 64, 65, 255].map((type) => Uint8Array.of(0, type, 0, 1)),
    Uint8Array.of(0xff, 0x00, 0, 1),
    ...['\\000', '\\.', '.', '\\# 16 ', ' 300 IN TYPE65280 '].map(text),
  ],
  seeds: () => [
    encode({ type: 'query', questions: [{ type: 'AAAA', name: 'h2.foo.com' }] }),
    encode({
      type: 'query',
      flags: 0x100,
      questions: [{ type: 'AAAA', name: 'H2.foo.com' }],
      additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] }],
    }),
    encode({
      type: 'response',
      questions: [{ type: 'AAAA', name: 'h.foo.com' }],
      answers: [
        { type: 'CNAME', name: 'h.foo.com', ttl: 1, data: 'g.foo.com' },
        { type: 'AAAA', name: 'g.foo.com', ttl: 9, data: '2001:db8::1' },
      ],
      authorities: [{ type: 'SOA', name: 'foo.com', ttl: 60, data: soa }],
      additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] }],
    }),
    encode({
      type: 'response',
      questions: [{ type: 'UNKNOWN_65', name: 'h.foo.com' }],
      answers: [
        {
          type: 'UNKNOWN_65',
          name: 'h.foo.com',
          data: Buffer.from('00010000000004000600040004c00002010006001020010db8', 'hex'),
        },
      ],
    }),
    text('h2.foo.com. 300 IN TYPE65280 \\# 16 fc000db8000200000000000000000001'),
    Uint8Array.of(0, 1, 0, 0, 0, 0, 4, 0, 6, 0, 4, 0, 4, 0xc0, 0, 2, 1),
  ],
  run(input) {
    refused(() => classifyQuery(input));
    refused(() => readAnswer(input));
    refused(() => readUlids(input, DEFAULT_DNS_ALG_SETTINGS));
    const stripped = refused(() => stripAddressHints(input));
    if (stripped !== undefined)
      hold(stripAddressHints(stripped) === stripped, 'hints are left where they were stripped');
    checkPlain(input);
    checkKeeping(input);
    checkText(Buffer.from(input).toString('latin1'));
    checkRewriting(input);
  },
};

/** What is plain is so by the reading of the whole message, too; letters and ID make no difference. */
function checkPlain(input: Uint8Array): void {
  const plain = plainQuery('udp', input);
  if (plain === undefined) return;
  const { question, edns, header } = classifyQuery(input);
  hold(question !== undefined && question.end === plain.questionEnd, 'a plain query that cannot be read');
  hold(question.type === plain.type && question.class === 1 && header.answers === 0, 'another question');
  hold((edns === undefined ? 0 : 11) === input.length - question.end, 'more than an OPT');
  const other = Uint8Array.from(input);
  other[0]! ^= 0xff;
  for (let at = 12; at < question.end - 4; at++) {
    const octet = other[at]!;
    if ((octet >= 0x41 && octet <= 0x5a) || (octet >= 0x61 && octet <= 0x7a)) other[at]! ^= 0x20;
  }
  hold(plainQuery('udp', other)?.key === plain.key, 'another key for the same question');
  hold(plainQuery('tcp', input)?.key !== plain.key, 'one key for both transports');
}

/** An answer that is kept comes again with the same records; only TTLs differ, by the time that has passed. */
function checkKeeping(input: Uint8Array): void {
  const end = refused(() => readQuestion(input, readHeader(input)).end);
  if (end === undefined) return;
  const query = Uint8Array.from([0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...input.subarray(12, end)]);
  const plain = plainQuery('udp', query);
  if (plain === undefined) return;
  const cache = new AnswerCache(DEFAULT_DNS_ALG_SETTINGS, () => undefined);
  cache.keep(0, plain, input, Number.POSITIVE_INFINITY, []);
  const kept = cache.find(0, plain, query)?.message;
  if (kept === undefined) return;
  const same = Uint8Array.from(input);
  same.set(query.subarray(0, 2));
  same[2]! &= ~0x04;
  assert.deepEqual(kept, same);
  const later = cache.find(999.5, plain, query)?.message;
  assert.deepEqual(later, same);
  const records = (message: Uint8Array) => readRecords(message, readHeader(message), end).records;
  const old = cache.find(1000, plain, query)?.message;
  if (old === undefined)
    return hold(
      records(input).some(({ ttl }) => ttl === 1),
      'forgotten too early',
    );
  for (const [index, { ttl, ...record }] of records(old).entries()) {
    const { ttl: before, ...was } = records(input)[index]!;
    assert.deepEqual(record, was);
    hold(record.type === 41 || ttl === before - 1, 'a TTL that does not count down');
  }
}

function checkRewriting(input: Uint8Array): void {
  const parts = refused(() => read(input));
  if (parts === undefined) return;
  const writer = new MessageWriter(parts.header.id, parts.header.flags).question(parts.question);
  for (const { record, name, data } of parts.records) writer.record({ ...record, name, data });
  const written = writer.finish();
  const again = read(written);
  hold(nameKey(again.question.name) === nameKey(parts.question.name), 'another question');
  const summary = ({ record, name }: { record: RecordPlace; name: Name }) => [
    record.section,
    record.type,
    record.class,
    record.ttl,
    nameKey(name),
  ];
  assert.deepEqual(again.records.map(summary), parts.records.map(summary));
  checkName(parts.question.name);
}

/** Everything in a message that can be written into another. */
function read(message: Uint8Array) {
  const header = readHeader(message);
  const question = readQuestion(message, header);
  const records = readRecords(message, header, question.end).records.map((record) => ({
    record,
    name: ownerOf(message, record),
    data: portableData(message, record),
  }));
  return { header, question, records };
}

function checkName(name: Name): void {
  assert.deepEqual(parseName(formatName(name)), name);
  assert.deepEqual(readName(name, 0), { name, end: name.length });
}

function checkText(input: string): void {
  try {
    checkName(parseName(input));
  } catch (error) {
    if (!(error instanceof DnsDecodeError)) throw error;
  }
  try {
    parseUlidRecord(input);
  } catch (error) {
    if (!(error instanceof UlidRecordError)) throw error;
  }
}
