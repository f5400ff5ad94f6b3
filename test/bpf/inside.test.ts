/** Fixtures of the program `inside`: from a host's frame to the provider's link. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SlotState } from '../../control/dataplane/layout.generated.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import { leaves, sent, shim } from './inside-fixtures.ts';
import * as packets from './packets.ts';
import { LOOPBACK, TICK } from './tables.ts';

const { HOST, PEER, fromHost, toProvider } = lab;
const dataPath = DataPath.shared();
const { udp, tcp, icmp6, hopByHop, destinationOptions, routing, fragment, authentication, esp } = packets;

/** [what stands before the payload header, what after it] */
const positions: readonly [string, packets.Part[], packets.Part[]][] = [
  ['UDP', [], [udp()]],
  ['TCP', [], [tcp()]],
  ['ICMPv6', [], [icmp6()]],
  ['no next header', [], []],
  ['Hop-by-Hop Options', [hopByHop()], [udp()]],
  ['a long Hop-by-Hop Options', [hopByHop(20)], [udp()]],
  ['Routing', [routing()], [udp()]],
  ['Routing with segments left', [routing(1)], [udp()]],
  ['Destination Options alone', [], [destinationOptions(), udp()]],
  ['Destination Options before Routing', [destinationOptions(), routing()], [udp()]],
  ['Destination Options after Routing', [routing()], [destinationOptions(2), udp()]],
  ['Hop-by-Hop and Destination Options', [hopByHop()], [destinationOptions(), udp()]],
  ['Hop-by-Hop, Destination Options, Routing', [hopByHop(), destinationOptions(3), routing()], [tcp()]],
  [
    'Hop-by-Hop, Destination Options, Routing, Destination Options',
    [hopByHop(), destinationOptions(), routing()],
    [destinationOptions(1, 0x70), udp()],
  ],
  ['a first fragment', [], [fragment(0, true), udp(64)]],
  ['a later fragment', [], [fragment(1448, false), udp(40)]],
  ['a fragment after Hop-by-Hop', [hopByHop()], [fragment(0, true), udp(64)]],
  ['Destination Options before a fragment', [], [destinationOptions(), fragment(0, true), udp(64)]],
  ['AH', [], [authentication(), udp()]],
  ['AH after Routing', [routing()], [authentication(), udp()]],
  ['ESP', [], [esp()]],
  ['ESP after Hop-by-Hop', [hopByHop()], [esp()]],
  ['a payload header already there', [], [packets.payloadHeader(lab.LOCAL_TAG), udp()]],
  // RFC 8200 §4.1: only the first header can be Hop-by-Hop Options.
  ['Hop-by-Hop Options out of place', [routing()], [hopByHop(), udp()]],
  ['the longest chain followed', [hopByHop(61), routing()], [udp()]],
];

describe('payload header position (RFC 5533 §4.6, §11.1)', () => {
  lab.testFixtures(
    dataPath,
    'inside',
    positions.map(([name, before, rest]) => ({
      name,
      input: sent([...before, ...rest]),
      outcome: { forwarded: leaves([...before, shim, ...rest]) },
    })),
  );
  lab.testFixtures(dataPath, 'inside', [
    {
      name: 'one octet group beyond the longest chain',
      input: sent([hopByHop(62), routing(), udp()]),
      outcome: { dropped: 'extension-headers' },
    },
    {
      name: 'as many extension headers as are followed',
      input: sent([hopByHop(), destinationOptions(), routing(), destinationOptions(), udp()]),
      outcome: {
        forwarded: leaves([hopByHop(), destinationOptions(), routing(), shim, destinationOptions(), udp()]),
      },
    },
    {
      name: 'one extension header more',
      input: sent([hopByHop(), destinationOptions(), routing(), routing(), destinationOptions(), udp()]),
      outcome: { dropped: 'extension-headers' },
    },
  ]);
});

describe('link headers', () => {
  const tagged = { ...fromHost, vlan: 100 };
  const toTagged = { ...toProvider(0), vlan: 7 };
  lab.testFixtures(dataPath, 'inside', [
    {
      name: 'tagged to untagged',
      input: sent([udp()], { link: tagged }),
      outcome: { forwarded: leaves([shim, udp()]) },
    },
    {
      name: 'untagged to tagged',
      tables: (tables) => lab.setPort(tables, 0, { vlan: 7 }),
      input: sent([udp()]),
      outcome: { forwarded: leaves([shim, udp()], { link: toTagged }) },
    },
    {
      name: 'tagged to tagged',
      tables: (tables) => lab.setPort(tables, 0, { vlan: 7 }),
      input: sent([hopByHop(), udp()], { link: tagged }),
      outcome: { forwarded: leaves([hopByHop(), shim, udp()], { link: toTagged }) },
    },
    {
      name: '802.1ad tag',
      input: sent([udp()], { link: { ...tagged, tagType: 0x88a8 } }),
      outcome: { forwarded: leaves([shim, udp()]) },
    },
    {
      name: 'two tags',
      input: packets.concat(packets.linkHeader(tagged), [0x81, 0, 0, 5], sent([udp()]).subarray(12)),
      outcome: 'passed',
    },
    {
      name: 'Ethernet padding is carried behind the packet',
      input: sent([udp(4)], { padding: 2 }),
      outcome: { forwarded: leaves([shim, udp(4)], { padding: 2 }) },
    },
    {
      name: 'the smallest packet, padded',
      input: sent([], { padding: 6 }),
      outcome: { forwarded: leaves([shim], { padding: 6 }) },
    },
  ]);
});

describe('not ours', () => {
  const passes = (name: string, input: Uint8Array): lab.Fixture => ({ name, input, outcome: 'passed' });
  const between = (source: string, destination: string, parts = [udp()]) =>
    sent(parts, { source, destination });
  const ethernet = (type: number[]) => packets.concat(packets.linkHeader(fromHost), type, new Uint8Array(46));
  lab.testFixtures(dataPath, 'inside', [
    passes('IPv4', ethernet([8, 0])),
    passes('ARP', ethernet([8, 6])),
    passes('an unknown EtherType', ethernet([0x88, 0xcc])),
    passes('within the site', between(HOST, lab.NEIGHBOUR)),
    passes('multicast destination', between(HOST, 'ff02::1:2')),
    passes('neighbour solicitation', between('fe80::1', 'ff02::1:ff00:1', [icmp6(135)])),
    passes('router solicitation', between('::', 'ff02::2', [icmp6(133)])),
    passes('link-local destination', between(HOST, 'fe80::2')),
    passes('link-local source', between('fe80::1', PEER)),
    passes('unspecified source', between('::', PEER)),
    passes('multicast source', between('ff02::1', PEER)),
    passes('destination on the Internet', between(HOST, '2001:db8:30::80')),
    passes('source of another site', between('fc00:db8:9::1', PEER)),
    passes(
      'chains are not read: too long, no context',
      between('2001:db8::1', '2001:db8::2', [hopByHop(62), routing()]),
    ),
  ]);
  test('prefixes match by their exact bits', () => {
    const { tables } = dataPath;
    lab.standardTables(dataPath);
    const unknown = '2001:db8:4:7fff::';
    for (const [prefix, inside] of [
      ['::/0', true],
      ['2001:db8:4:4000::/50', true],
      ['2001:db8:4:8000::/49', false],
      ['2001:db8:4:7fff::/64', true],
      ['2001:db8:4:7fff::/65', true],
      ['2001:db8:4:7fff:8000::/65', false],
      ['2001:db8:4:7fff::/128', true],
      ['2001:db8:4:7fff::1/128', false],
    ] as const) {
      tables.settings({ site: ['fc00:db8:7::/48', lab.SITE], ulids: ['fc00::/8', prefix] });
      const expected: lab.Outcome = inside ? { punted: 'miss' } : 'passed';
      lab.expectOutcome(dataPath, 'inside', between(HOST, unknown), expected);
    }
  });
});
describe('contexts', () => {
  const other = { source: lab.NEIGHBOUR, destination: 'fc00:db8:2::99' };
  const found: lab.Outcome = { forwarded: leaves([shim, udp()]) };
  const missed: lab.Outcome = { punted: 'miss' };
  /** Moves the context `probes` slots on; `fill` says what the slots before it hold. */
  const behind =
    (probes: number, fill: (tables: DataPath['tables'], slot: number) => void) =>
    (tables: DataPath['tables']) => {
      const home = lab.placeEgress(tables, {}, probes) - probes;
      for (let slot = home; slot < home + probes; slot++) fill(tables, slot);
    };
  const tombstone = (tables: DataPath['tables'], slot: number) =>
    tables.egressState(slot, SlotState.SLOT_TOMBSTONE);
  lab.testFixtures(dataPath, 'inside', [
    { name: 'no context', input: sent([udp()], { destination: other.destination }), outcome: missed },
    { name: 'no context for this host', input: sent([udp()], { source: lab.NEIGHBOUR }), outcome: missed },
    {
      name: 'no context for the pair turned around',
      tables: (tables) => tables.settings({ site: ['fc00:db8:2::/48'], ulids: [lab.ULIDS] }),
      input: sent([udp()], { source: PEER, destination: HOST }),
      outcome: missed,
    },
    {
      name: 'no context, tagged',
      input: sent([udp()], { destination: other.destination, link: { ...fromHost, vlan: 3 } }),
      outcome: { punted: 'miss', networkOffset: 18 },
    },
    {
      name: 'found past another context in its slot',
      tables: behind(1, (tables, slot) => tables.egressState(slot, SlotState.SLOT_LIVE)),
      input: sent([udp()]),
      outcome: found,
    },
    { name: 'found past tombstones', tables: behind(127, tombstone), input: sent([udp()]), outcome: found },
    { name: 'not searched further', tables: behind(128, tombstone), input: sent([udp()]), outcome: missed },
    {
      name: 'an empty slot ends the search',
      tables: behind(3, (tables, slot) => tables.egressState(slot, SlotState.SLOT_EMPTY)),
      input: sent([udp()]),
      outcome: missed,
    },
    {
      name: 'a tombstone is no context',
      tables: (tables) => lab.placeEgress(tables, { state: SlotState.SLOT_TOMBSTONE }),
      input: sent([udp()]),
      outcome: missed,
    },
    {
      name: 'draining: from the injection port',
      tables: (tables) => {
        lab.placeEgress(tables, { state: SlotState.SLOT_DRAINING });
        tables.settings({ site: [lab.SITE], ulids: [lab.ULIDS], injection: LOOPBACK });
      },
      input: sent([udp()]),
      outcome: found,
    },
    {
      name: 'draining: from another port',
      tables: (tables) => {
        lab.placeEgress(tables, { state: SlotState.SLOT_DRAINING });
        tables.settings({ site: [lab.SITE], ulids: [lab.ULIDS], injection: LOOPBACK + 1 });
      },
      input: sent([udp()]),
      outcome: missed,
    },
    {
      name: 'draining without injection port',
      tables: (tables) => lab.placeEgress(tables, { state: SlotState.SLOT_DRAINING }),
      input: sent([udp()]),
      outcome: missed,
    },
    {
      name: 'the context tag in full',
      tables: (tables) => lab.placeEgress(tables, { tag: { high: 0x7fff, low: 0xffffffff } }),
      input: sent([udp()]),
      outcome: { forwarded: leaves([packets.payloadHeader({ high: 0x7fff, low: 0xffffffff }), udp()]) },
    },
  ]);

  test('packets and octets are counted, and the last one dated', () => {
    const { egress } = lab.standardTables(dataPath);
    dataPath.run('inside', sent([udp(100)], { padding: 9 }));
    dataPath.run('inside', sent([tcp(0)]));
    dataPath.run('inside', sent([udp()], { hopLimit: 1 }));
    assert.deepEqual(dataPath.tables.egressCounters(egress), { lastSent: TICK, packets: 2, bytes: 140 + 60 });
  });

  test('a driver without headroom: drops, and leaves the frame alone', () => {
    lab.standardTables(dataPath);
    // The locators are the ULIDs here and repeated runs keep the frame: it grows until the headroom is gone.
    lab.placeEgress(dataPath.tables, { paths: [{ uplink: 0, source: HOST, destination: PEER }] });
    const runs = 60;
    const { counts, data, verdict } = dataPath.run('inside', sent([udp()], { hopLimit: 200 }), {
      repeat: runs,
    });
    const forwarded = counts['inside forwarded'] ?? 0;
    assert.equal(verdict, 1);
    assert.equal(counts['drop headroom'], runs - forwarded);
    const headers = Array.from({ length: forwarded }, () => shim);
    const grown = { source: HOST, destination: PEER, hopLimit: 200 - forwarded };
    assert.deepEqual(data, leaves([...headers, udp()], grown));
  });
});
