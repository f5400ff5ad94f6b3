import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ClientMessage,
  decodeDhcp,
  encodeDhcp,
  findOption,
  HOP_COUNT_LIMIT,
  type Option,
  type RelayedMessage,
  unwrapRelayed,
} from '../../../control/wire/dhcp6/index.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { DecodeError, EncodeError } from '../../../control/wire/octets.ts';
import { hex } from '../shim6/hex.ts';
import { message } from './arbitrary.ts';

const duid = hex('0001 0001 2a2b2c2d 020000000001');
const solicit = (...options: Option[]): ClientMessage => ({
  type: 'Solicit',
  transactionId: 0x123456,
  options,
});
const header = '01 123456';

test('what was encoded decodes to the same value', () => {
  fc.assert(
    fc.property(message, (value) => assert.deepEqual(decodeDhcp(encodeDhcp(value)), value)),
    { seed: 8415, numRuns: 500 },
  );
});

test('cut anywhere, or with an octet more, it is decoded or refused with a DecodeError', () => {
  fc.assert(
    fc.property(message, fc.nat(), (value, at) => {
      const bytes = encodeDhcp(value);
      for (const octets of [bytes.subarray(0, at % (bytes.length + 1)), Uint8Array.of(...bytes, at & 0xff)]) {
        try {
          decodeDhcp(octets);
        } catch (error) {
          assert.ok(error instanceof DecodeError);
        }
      }
    }),
    { seed: 9915, numRuns: 500 },
  );
});

test('golden octets: a Solicit with an address as a hint, as RFC 8415 §8 and §21 draw it', () => {
  const bytes = encodeDhcp(
    solicit(
      { type: 'ClientIdentifier', duid },
      { type: 'ElapsedTime', elapsed: 100 },
      { type: 'OptionRequest', codes: [23, 24, 82] },
      { type: 'RapidCommit' },
      {
        type: 'IaNa',
        iaid: 0x0a0b0c0d,
        t1: 3600,
        t2: 5400,
        options: [
          {
            type: 'IaAddress',
            address: parseAddress('fc00:db8:1::7'),
            preferredLifetime: 7200,
            validLifetime: 10800,
            options: [],
          },
        ],
      },
    ),
  );
  assert.deepEqual(
    bytes,
    hex(`01 123456
      0001 000e 00010001 2a2b2c2d 020000000001
      0008 0002 0064
      0006 0006 0017 0018 0052
      000e 0000
      0003 0028 0a0b0c0d 00000e10 00001518
        0005 0018 fc000db8000100000000000000000007 00001c20 00002a30`),
  );
});

test('golden octets: names, FQDN, status, SOL_MAX_RT', () => {
  const name = hex('03 626172 03 636f6d 00');
  const options: Option[] = [
    { type: 'DomainSearchList', names: [name, name] },
    { type: 'ClientFqdn', flags: 1, name: hex('02 6831 00'), qualified: false },
    { type: 'StatusCode', code: 4, message: 'no' },
    { type: 'SolMaxRt', value: 3600 },
  ];
  const bytes = hex(`07 123456 0018 0012 03 626172 03 636f6d 00 03 626172 03 636f6d 00
    0027 0004 01 02 6831  000d 0004 0004 6e6f  0052 0004 00000e10`);
  assert.deepEqual(encodeDhcp({ ...solicit(...options), type: 'Reply' }), bytes);
  assert.deepEqual(decodeDhcp(bytes), { type: 'Reply', transactionId: 0x123456, options });
});

test('unknown options, and known ones where they do not belong, are kept as octets', () => {
  const { options } = decodeDhcp(hex(`${header} 03e7 0003 010203 0012 0001 09`));
  assert.deepEqual(options, [
    { type: 'Unrecognized', code: 999, contents: hex('010203') },
    { type: 'Unrecognized', code: 18, contents: hex('09') },
  ]);
});

test('an IA inside an IA is octets: nothing recurses deeper than an address of an IA', () => {
  let inner = new Uint8Array();
  const wrap = (contents: Uint8Array) =>
    Uint8Array.of(
      0,
      3,
      (contents.length + 12) >> 8,
      (contents.length + 12) & 0xff,
      ...new Uint8Array(12),
      ...contents,
    );
  for (let depth = 0; depth < 500; depth++) inner = wrap(inner);
  const { options } = decodeDhcp(Uint8Array.of(...hex(header), ...inner));
  const ia = findOption(options, 'IaNa');
  assert.equal(ia?.options.length, 1);
  assert.equal(ia?.options[0]?.type, 'Unrecognized');
});

test('every length is checked', () => {
  const bad: Record<string, string> = {
    'no transaction id': '01 1234',
    'unknown message type': '63 123456',
    'option header cut': `${header} 0001 00`,
    'option longer than the message': `${header} 0001 0010 0001`,
    'DUID of no octets': `${header} 0001 0000`,
    'DUID of two octets': `${header} 0001 0002 0001`,
    'DUID of 131 octets': `${header} 0001 0083 ${'00'.repeat(131)}`,
    'IA_NA of 11 octets': `${header} 0003 000b ${'00'.repeat(11)}`,
    'address of 23 octets': `${header} 0003 0027 ${'00'.repeat(12)} 0005 0017 ${'00'.repeat(23)}`,
    'address longer than its IA': `${header} 0003 0028 ${'00'.repeat(12)} 0005 0019 ${'00'.repeat(24)}`,
    'odd Option Request': `${header} 0006 0003 001700`,
    'Rapid Commit with contents': `${header} 000e 0001 00`,
    'Preference of two octets': `${header} 0007 0002 0000`,
    'DNS servers of 17 octets': `${header} 0017 0011 ${'00'.repeat(17)}`,
    'name without end': `${header} 0018 0004 03 626172`,
    'name with a compression pointer': `${header} 0018 0002 c00c`,
    'name of 256 octets': `${header} 0018 0100 ${'3f'.concat('61'.repeat(63)).repeat(4)} 00`.replace(
      '0100',
      '0101',
    ),
    'FQDN with octets after its name': `${header} 0027 0005 00 01 61 00 00`,
    'relay without peer address': '0c 00 00000000000000000000000000000000 00',
  };
  for (const [what, digits] of Object.entries(bad))
    assert.throws(() => decodeDhcp(hex(digits)), DecodeError, what);
  assert.equal(decodeDhcp(hex(`${header} 0001 0082 ${'00'.repeat(130)}`)).options.length, 1);
});

test('values without an encoding are refused', () => {
  const refuse = (options: Option[]) => assert.throws(() => encodeDhcp(solicit(...options)), EncodeError);
  refuse([{ type: 'ClientIdentifier', duid: new Uint8Array(131) }]);
  refuse([{ type: 'Unrecognized', code: 300, contents: new Uint8Array(0x10000) }]);
  refuse([{ type: 'Preference', value: 256 }]);
  assert.throws(() => encodeDhcp({ ...solicit(), transactionId: 0x1000000 }), EncodeError);
});

function relayed(times: number, inner = encodeDhcp(solicit())): Uint8Array {
  const address = parseAddress('fe80::1');
  for (let hopCount = 0; hopCount < times; hopCount++) {
    const relay: RelayedMessage = {
      type: 'RelayForward',
      hopCount: Math.min(hopCount, HOP_COUNT_LIMIT),
      linkAddress: address,
      peerAddress: address,
      options: [{ type: 'RelayMessage', message: inner }],
    };
    inner = encodeDhcp(relay);
  }
  return inner;
}

test('a client message is found within as many relays as the hop count allows, 0 to 8, and no more', () => {
  for (const times of [0, 1, 9]) {
    const { message: inner, relays } = unwrapRelayed(relayed(times));
    assert.deepEqual(inner, solicit());
    assert.deepEqual(
      relays.map(({ hopCount }) => hopCount),
      Array.from({ length: times }, (_, index) => times - 1 - index),
    );
  }
  assert.throws(() => unwrapRelayed(relayed(10)), DecodeError);
  assert.throws(() => unwrapRelayed(relayed(1000)), DecodeError);
});

test('a relay that holds nothing, or a Relay-reply, holds no client message', () => {
  const relay = decodeDhcp(relayed(1)) as RelayedMessage;
  assert.throws(() => unwrapRelayed(encodeDhcp({ ...relay, options: [] })), DecodeError);
  assert.throws(() => unwrapRelayed(encodeDhcp({ ...relay, type: 'RelayReply' })), DecodeError);
});
