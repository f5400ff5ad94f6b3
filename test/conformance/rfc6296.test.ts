/** RFC 6296 §3 by the programs and by the rule `checksum-neutral`: translation without touching the upper layer. */
import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { addressSum, locatorFor } from '../../control/site/locators.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { DataPath } from '../bpf/data-path.ts';
import * as lab from '../bpf/fixtures.ts';
import * as packets from '../bpf/packets.ts';

/** §3.6. */
const INTERNAL = 'fd01:203:405:1::1234';
const EXTERNAL = '2001:db8:1:d550::1234';
const EXTERNAL_PREFIX = parsePrefix('2001:db8:1::/48');
const PEER = '2001:db8:f::80';
const HASH_KEY = BigUint64Array.of(1n, 3n, 5n, 7n);

const dataPath = new DataPath();
after(() => dataPath.close());
beforeEach(() => {
  lab.standardTables(dataPath);
  dataPath.tables.settings({ site: [lab.SITE, 'fd01:203:405::/48'], ulids: [lab.ULIDS] });
  dataPath.resetNat();
  dataPath.nat.setChoices(Array.from({ length: 256 }, () => [0]));
  dataPath.nat.setProviderPrefixes([EXTERNAL_PREFIX]);
  const mac = Uint8Array.of(2, 0, 0, 0, 1, 0x11);
  const locators = [{ address: parseAddress(EXTERNAL), uplink: 0 }];
  dataPath.nat.setHost(parseAddress(INTERNAL), locators, { port: lab.HOST_PORT, mac });
  dataPath.nat.enable({ silent: false, hashKey: HASH_KEY });
});

/** Every upper layer there may be: none of their octets changes, checksum or not. */
const UPPER_LAYERS: readonly (readonly [string, packets.Part])[] = [
  ['TCP', packets.tcp()],
  ['UDP', packets.udp()],
  ['ICMPv6', packets.icmp6()],
  ['ESP', packets.esp()],
  ['an unknown one', { type: 253, octets: packets.counting(24), chained: false }],
];
const outbound = (part: packets.Part, source = INTERNAL) =>
  packets.frame({ link: lab.fromHost, source, destination: PEER, parts: [part] });
const inbound = (part: packets.Part, fields: Partial<packets.FrameFields> = {}) =>
  packets.frame({ link: lab.fromProvider(0), source: PEER, destination: EXTERNAL, parts: [part], ...fields });

describe('RFC 6296 §3.2, §3.3, with the addresses of §3.6', () => {
  for (const [name, part] of UPPER_LAYERS) {
    test(`§3.2: internal to external, ${name}: only the source changes`, () => {
      lab.expectOutcome(dataPath, 'inside', outbound(part), {
        forwarded: packets.frame({
          link: lab.toProvider(0),
          source: EXTERNAL,
          destination: PEER,
          hopLimit: 63,
          parts: [part],
        }),
      });
    });
    test(`§3.3: external to internal, ${name}: only the destination changes`, () => {
      lab.expectOutcome(dataPath, 'outside', inbound(part), {
        forwarded: packets.frame({
          link: lab.toHost,
          source: PEER,
          destination: INTERNAL,
          hopLimit: 63,
          parts: [part],
        }),
      });
    });
  }
  test('§3.2: an internal address without a mapping is left to the kernel, which answers unreachable', () => {
    lab.expectOutcome(dataPath, 'inside', outbound(packets.udp(), 'fd01:203:405:ffff::1234'), 'passed');
  });
});

describe('RFC 4291 §2.5.2, §2.5.3, §2.5.6, §2.7: what no router forwards to a host', () => {
  for (const source of ['::', '::1', 'fe80::1', 'febf::1', 'ff02::1', 'ff0e::1'])
    test(`from ${source}`, () => {
      lab.expectOutcome(dataPath, 'outside', inbound(packets.udp(), { source }), 'passed');
    });
  for (const source of ['fec0::1', '64:ff9b::1', '1::1'])
    test(`but from ${source}`, () => {
      const to = { link: lab.toHost, destination: INTERNAL, hopLimit: 63 };
      lab.expectOutcome(dataPath, 'outside', inbound(packets.udp(), { source }), {
        forwarded: packets.frame({ ...to, source, parts: [packets.udp()] }),
      });
    });
});

describe('RFC 6296 §3.2, §3.5: the word that makes up for the prefixes', () => {
  const neutral = (ulid: string) => {
    const host = { ulid: parseAddress(ulid), parts: {} } as Parameters<typeof locatorFor>[1];
    return locatorFor('checksum-neutral', host, EXTERNAL_PREFIX, new Uint8Array());
  };
  const ends = Array.from({ length: 0x10000 }, (_, word) => word.toString(16));

  test('§3.1: has no influence on the sum, whatever the address ends with', () => {
    for (const end of ends) {
      const address = neutral(`fd01:203:405:1::${end}`);
      // 0 and 0xffff are one number there.
      assert.equal(addressSum(address) % 0xffff, addressSum(parseAddress(`fd01:203:405:1::${end}`)) % 0xffff);
    }
  });
  test('§3.2: is never 0xffff', () => {
    for (const end of ends) assert.doesNotMatch(formatAddress(neutral(`fd01:203:405:1::${end}`)), /:ffff$/);
  });
  test('§3.6: adds what the example adds, to the interface identifier instead of the subnet', () => {
    // 0x1234 + 0xd54f
    assert.equal(formatAddress(neutral(INTERNAL)), '2001:db8:1:1::e783');
  });
});
