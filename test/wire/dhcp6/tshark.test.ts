/** An independent judge: Wireshark's dissector reads what we write. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CLIENT_PORT,
  type ClientMessage,
  type DhcpMessage,
  encodeDhcp,
  SERVER_PORT,
} from '../../../control/wire/dhcp6/index.ts';
import { parseName } from '../../../control/wire/dns/name.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { upperLayerChecksum } from '../../../control/wire/ipv6/header.ts';
import { capture } from '../shim6/pcap.ts';

const source = parseAddress('fe80::1');
const destination = parseAddress('fe80::2');
const UDP = 17;

function datagram(message: Uint8Array): Uint8Array {
  const octets = new Uint8Array(8 + message.length);
  const view = new DataView(octets.buffer);
  view.setUint16(0, SERVER_PORT);
  view.setUint16(2, CLIENT_PORT);
  view.setUint16(4, octets.length);
  octets.set(message, 8);
  view.setUint16(6, upperLayerChecksum(source, destination, UDP, octets));
  return octets;
}

/** One row per message: the fields, several values of one by commas. */
function dissect(messages: readonly DhcpMessage[], fields: readonly string[]): string[][] {
  const directory = mkdtempSync(join(tmpdir(), 'pshim6-tshark-'));
  try {
    const file = join(directory, 'messages.pcap');
    const packets = messages.map((message) => datagram(encodeDhcp(message)));
    writeFileSync(file, capture(packets, { source, destination, nextHeader: UDP }));
    const names = fields.flatMap((field) => ['-e', field]);
    const result = spawnSync('tshark', ['-r', file, '-T', 'fields', '-E', 'separator=|', ...names], {
      encoding: 'utf8',
    });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.split('|'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const reply: ClientMessage = {
  type: 'Reply',
  transactionId: 0xabcdef,
  options: [
    { type: 'ClientIdentifier', duid: Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 1) },
    { type: 'ServerIdentifier', duid: Uint8Array.of(0, 4, ...new Uint8Array(16).fill(7)) },
    {
      type: 'IaNa',
      iaid: 9,
      t1: 1000,
      t2: 1600,
      options: [
        {
          type: 'IaAddress',
          address: parseAddress('fc00:db8:1::7'),
          preferredLifetime: 2000,
          validLifetime: 4000,
          options: [],
        },
      ],
    },
    { type: 'IaPd', iaid: 8, t1: 0, t2: 0, options: [{ type: 'StatusCode', code: 6, message: 'none' }] },
    { type: 'DnsServers', addresses: [parseAddress('fc00:db8:1::1')] },
    { type: 'DomainSearchList', names: [parseName('bar.com'), parseName('foo.com')] },
    { type: 'ClientFqdn', flags: 1, name: parseName('h1.bar.com'), qualified: true },
    { type: 'Preference', value: 5 },
    { type: 'SolMaxRt', value: 3600 },
    { type: 'InfMaxRt', value: 3600 },
    { type: 'InformationRefreshTime', time: 86400 },
    { type: 'ReconfigureAccept' },
    { type: 'RapidCommit' },
  ],
};
const relayed: DhcpMessage = {
  type: 'RelayReply',
  hopCount: 1,
  linkAddress: parseAddress('fc00:db8:1:2::1'),
  peerAddress: parseAddress('fe80::9'),
  options: [
    { type: 'InterfaceId', identifier: Uint8Array.of(1, 2) },
    { type: 'RelayMessage', message: encodeDhcp(reply) },
  ],
};

test('tshark finds nothing malformed, and the values that were encoded', () => {
  const [direct, nested] = dissect(
    [reply, relayed],
    [
      'dhcpv6.msgtype',
      'dhcpv6.xid',
      'dhcpv6.iaid',
      'dhcpv6.iaid.t1',
      'dhcpv6.iaid.t2',
      'dhcpv6.iaaddr.ip',
      'dhcpv6.iaaddr.pref_lifetime',
      'dhcpv6.iaaddr.valid_lifetime',
      'dhcpv6.status_code',
      'dhcpv6.dns_server',
      'dhcpv6.search_list_entry',
      'dhcpv6.client_domain',
      'dhcpv6.option.type',
      '_ws.malformed',
    ],
  );
  const values = [
    '0xabcdef',
    '00000009,00000008',
    '1000,0',
    '1600,0',
    'fc00:db8:1::7',
    '2000',
    '4000',
    '6',
    'fc00:db8:1::1',
    'bar.com.,foo.com.',
    'h1.bar.com.',
  ];
  const codes = '1,2,3,5,25,13,23,24,39,7,82,83,32,20,14';
  assert.deepEqual(direct, ['7', ...values, codes, '']);
  assert.deepEqual(nested, ['13,7', ...values, `18,9,${codes}`, '']);
});

test('tshark notices an IA cut short, so the test above can fail', () => {
  const unknown: ClientMessage = {
    type: 'Reply',
    transactionId: 1,
    options: [{ type: 'Unrecognized', code: 3, contents: Uint8Array.of(1, 2) }],
  };
  const [row] = dissect([unknown], ['_ws.malformed', '_ws.expert.message']);
  assert.notDeepEqual(row, ['', '']);
});
