/** Fixtures of the program `outside`: from a provider's frame to the host's link. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SlotState } from '../../control/dataplane/layout.generated.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';
import { TICK } from './tables.ts';

const { HOST, PEER, HOST_PORT, fromProvider, toHost } = lab;
const dataPath = DataPath.shared();

type Fields = Partial<packets.FrameFields>;
type Tables = DataPath['tables'];

/** A frame from the peer's first locator to the host's first. */
const received = (parts: readonly packets.Part[], fields: Fields = {}) =>
  packets.frame({
    link: fromProvider(0),
    source: lab.PEER_LOCATORS[0],
    destination: lab.LOCATORS[0],
    parts,
    ...fields,
  });

/** How the host gets it. */
const delivered = (parts: readonly packets.Part[], fields: Fields = {}) =>
  packets.frame({ link: toHost, source: PEER, destination: HOST, hopLimit: 63, parts, ...fields });

/** How the kernel gets it: its own link header, its own hop limit to count down. */
const restored = (parts: readonly packets.Part[], fields: Fields = {}) =>
  delivered(parts, { link: fromProvider(0), hopLimit: 64, ...fields });

const toKernel = (tables: Tables) => {
  lab.placeIngress(tables, { port: undefined });
};

const shim = packets.payloadHeader(lab.LOCAL_TAG);
const { udp, tcp, icmp6, hopByHop, destinationOptions, routing, fragment, authentication, esp } = packets;

/** [what stands before the payload header, what after it] */
const positions: readonly [string, packets.Part[], packets.Part[]][] = [
  ['UDP', [], [udp()]],
  ['TCP', [], [tcp()]],
  ['ICMPv6', [], [icmp6()]],
  ['nothing', [], []],
  ['Hop-by-Hop Options', [hopByHop()], [udp()]],
  ['Routing', [routing()], [udp()]],
  ['Destination Options before', [destinationOptions()], [udp()]],
  ['Destination Options after', [], [destinationOptions(), udp()]],
  ['Hop-by-Hop, Destination Options, Routing', [hopByHop(), destinationOptions(2), routing()], [tcp()]],
  [
    'Destination Options on both sides',
    [hopByHop(), destinationOptions(), routing(), destinationOptions(1, 0x70)],
    [destinationOptions(1, 0x78), udp()],
  ],
  ['a first fragment', [], [fragment(0, true), udp(64)]],
  ['a later fragment', [hopByHop()], [fragment(1448, false), udp(40)]],
  ['AH', [], [authentication(), udp()]],
  ['ESP', [routing()], [esp()]],
  ['another payload header', [], [packets.payloadHeader(lab.PEER_TAG), udp()]],
  ['the longest chain followed', [hopByHop(61), routing()], [udp()]],
];

describe('the payload header is removed wherever it stands', () => {
  lab.testFixtures(
    dataPath,
    'outside',
    positions.flatMap(([name, before, rest]) => [
      {
        name: `${name}, to the host`,
        input: received([...before, shim, ...rest]),
        outcome: { forwarded: delivered([...before, ...rest]) },
      },
      {
        name: `${name}, to the kernel`,
        tables: toKernel,
        input: received([...before, shim, ...rest]),
        outcome: { toKernel: restored([...before, ...rest]) },
      },
    ]),
  );
  lab.testFixtures(dataPath, 'outside', [
    {
      name: 'a chain too long to follow',
      input: received([hopByHop(62), routing(), shim, udp()]),
      outcome: { dropped: 'extension-headers' },
    },
    {
      name: 'too many extension headers',
      input: received([hopByHop(), routing(), routing(), routing(), routing(), shim, udp()]),
      outcome: { dropped: 'extension-headers' },
    },
    {
      // RFC 8200 §4.4: this node is only a waypoint of the route.
      name: 'behind a Routing header with segments left',
      input: received([routing(1), shim, udp()]),
      outcome: 'passed',
    },
    {
      // RFC 5533 §4.6: fragments are reassembled above the shim.
      name: 'behind a fragment header',
      input: received([fragment(0, true), shim, udp()]),
      outcome: 'passed',
    },
  ]);
});

describe('link headers', () => {
  const tagged = { ...fromProvider(0), vlan: 7 };
  const toTagged = { ...toHost, vlan: 100 };
  const tag = (tables: Tables) => lab.setPort(tables, HOST_PORT, { vlan: 100 });
  lab.testFixtures(dataPath, 'outside', [
    {
      name: 'tagged to untagged',
      input: received([shim, udp()], { link: tagged }),
      outcome: { forwarded: delivered([udp()]) },
    },
    {
      name: 'untagged to tagged',
      tables: tag,
      input: received([shim, udp()]),
      outcome: { forwarded: delivered([udp()], { link: toTagged }) },
    },
    {
      name: 'tagged to tagged',
      tables: tag,
      input: received([hopByHop(), shim, udp()], { link: tagged }),
      outcome: { forwarded: delivered([hopByHop(), udp()], { link: toTagged }) },
    },
    {
      name: 'the kernel gets the tag as it came',
      tables: toKernel,
      input: received([shim, udp()], { link: { ...tagged, tagType: 0x88a8 } }),
      outcome: { toKernel: restored([udp()], { link: { ...tagged, tagType: 0x88a8 } }) },
    },
    {
      name: 'the kernel gets the smallest packet, tagged',
      tables: toKernel,
      input: received([shim], { link: tagged }),
      outcome: { toKernel: restored([], { link: tagged }) },
    },
    {
      name: 'Ethernet padding is carried behind the packet',
      input: received([shim], { padding: 5 }),
      outcome: { forwarded: delivered([], { padding: 5 }) },
    },
  ]);
});

describe('not ours', () => {
  const passes = (name: string, parts: packets.Part[], fields: Fields = {}): lab.Fixture => ({
    name,
    input: received(parts, fields),
    outcome: 'passed',
  });
  lab.testFixtures(dataPath, 'outside', [
    passes('UDP to a locator', [udp()]),
    passes('ICMPv6 error about no packet', [icmp6(2)]),
    passes('with extension headers', [hopByHop(), destinationOptions(), udp()]),
    passes('neighbour solicitation', [icmp6(135)], { source: 'fe80::1', destination: 'ff02::1:ff00:11' }),
    passes('router advertisement', [icmp6(134)], { source: 'fe80::1', destination: 'ff02::1' }),
    passes('unspecified source', [icmp6(135)], { source: '::', destination: 'ff02::1:ff00:11' }),
    {
      name: 'IPv4',
      input: packets.concat(packets.linkHeader(fromProvider(0)), [8, 0], new Uint8Array(46)),
      outcome: 'passed',
    },
  ]);
});

describe('who may send', () => {
  const stranger = '2001:db8:66::6';
  const tells = { punted: 'foreign-source' } as const;
  const arrives = { forwarded: delivered([udp()]) };
  lab.testFixtures(dataPath, 'outside', [
    {
      name: 'any locator of the peer',
      input: received([shim, udp()], { source: lab.PEER_LOCATORS[1] }),
      outcome: arrives,
    },
    { name: 'no locator of the peer', input: received([shim, udp()], { source: stranger }), outcome: tells },
    {
      name: 'four locators',
      tables: (tables) =>
        lab.placeIngress(tables, { peerLocators: [...lab.PEER_LOCATORS, '2001:db8:23::22', stranger] }),
      input: received([shim, udp()], { source: stranger }),
      outcome: arrives,
    },
    {
      name: 'a locator withdrawn, its octets still there',
      tables: (tables) => {
        lab.placeIngress(tables, { peerLocators: [...lab.PEER_LOCATORS, stranger] });
        tables.ingressLocators(lab.LOCAL_TAG, 2);
      },
      input: received([shim, udp()], { source: stranger }),
      outcome: tells,
    },
    {
      name: 'anyone, for a context that allows it',
      tables: (tables) => lab.placeIngress(tables, { anySource: true }),
      input: received([shim, udp()], { source: stranger }),
      outcome: arrives,
    },
    {
      name: 'anyone, where sources are not checked',
      tables: (tables) => tables.settings({ strictSource: false }),
      input: received([shim, udp()], { source: stranger }),
      outcome: arrives,
    },
    {
      name: 'a ULID as source',
      input: received([shim, udp()], { source: PEER }),
      outcome: { dropped: 'ulid-outside' },
    },
    {
      name: 'a ULID as destination',
      input: received([shim, udp()], { destination: HOST }),
      outcome: { dropped: 'ulid-outside' },
    },
    {
      name: 'ULIDs without payload header',
      input: received([udp()], { source: PEER, destination: HOST }),
      outcome: { dropped: 'ulid-outside' },
    },
  ]);
});

describe('hop limit and delivery', () => {
  lab.testFixtures(dataPath, 'outside', [
    {
      name: 'hop limit 2',
      input: received([shim, udp()], { hopLimit: 2 }),
      outcome: { forwarded: delivered([udp()], { hopLimit: 1 }) },
    },
    {
      name: 'hop limit 1',
      input: received([shim, udp()], { hopLimit: 1 }),
      outcome: { punted: 'outside-hop-limit' },
    },
    {
      name: 'hop limit 1, to the kernel',
      tables: toKernel,
      input: received([shim, udp()], { hopLimit: 1 }),
      outcome: { toKernel: restored([udp()], { hopLimit: 1 }) },
    },
    {
      name: 'just fits the link to the host',
      tables: (tables) => lab.setPort(tables, HOST_PORT, { mtu: 1400 }),
      input: received([shim, udp(1360)]),
      outcome: { forwarded: delivered([udp(1360)]) },
    },
    {
      name: 'does not fit the link to the host: the sender learns what would',
      tables: (tables) => lab.setPort(tables, HOST_PORT, { mtu: 1400 }),
      input: received([shim, udp(1361)]),
      outcome: { punted: 'outside-too-big', mtu: 1408 },
    },
    {
      name: 'a port that is not set: the kernel knows',
      tables: (tables) => lab.placeIngress(tables, { port: 9 }),
      input: received([shim, udp()]),
      outcome: { toKernel: restored([udp()]) },
    },
    {
      name: 'the interface has gone',
      tables: (tables) => lab.setPort(tables, HOST_PORT, { redirect: false }),
      input: received([shim, udp()]),
      outcome: { dropped: 'no-port' },
    },
  ]);
});

describe('contexts', () => {
  const unknown = { punted: 'unknown-tag' } as const;
  const found = { forwarded: delivered([udp()]) };
  const tagged = (high: number, low: number) => received([packets.payloadHeader({ high, low }), udp()]);
  const { high, low } = lab.LOCAL_TAG;
  const behind =
    (probes: number, state: number) =>
    (tables: Tables): void => {
      const home = lab.placeIngress(tables, {}, probes) - probes;
      for (let slot = home; slot < home + probes; slot++) tables.ingressState(slot, state);
    };
  lab.testFixtures(dataPath, 'outside', [
    { name: 'unknown tag', input: tagged(0, 1), outcome: unknown },
    { name: 'unknown by the upper bits', input: tagged(high ^ 0x4000, low), outcome: unknown },
    { name: 'unknown by the lower bits', input: tagged(high, low ^ 1), outcome: unknown },
    {
      name: 'all bits of a tag are used',
      tables: (tables) => lab.placeIngress(tables, { tag: { high: 0x7fff, low: 0xffffffff } }),
      input: tagged(0x7fff, 0xffffffff),
      outcome: found,
    },
    {
      name: 'the tag zero',
      tables: (tables) => lab.placeIngress(tables, { tag: { high: 0, low: 0 } }),
      input: tagged(0, 0),
      outcome: found,
    },
    {
      name: 'found past another context',
      tables: behind(1, SlotState.SLOT_LIVE),
      input: tagged(high, low),
      outcome: found,
    },
    {
      name: 'found past tombstones',
      tables: behind(127, SlotState.SLOT_TOMBSTONE),
      input: tagged(high, low),
      outcome: found,
    },
    {
      name: 'not searched further',
      tables: behind(128, SlotState.SLOT_TOMBSTONE),
      input: tagged(high, low),
      outcome: unknown,
    },
    {
      name: 'an empty slot ends the search',
      tables: behind(2, SlotState.SLOT_EMPTY),
      input: tagged(high, low),
      outcome: unknown,
    },
    {
      name: 'a tombstone is no context',
      tables: (tables) => lab.placeIngress(tables, { state: SlotState.SLOT_TOMBSTONE }),
      input: tagged(high, low),
      outcome: unknown,
    },
  ]);

  test('packets and octets are counted, and the last one dated', () => {
    const { ingress } = lab.standardTables(dataPath);
    dataPath.run('outside', received([shim, udp(100)], { padding: 3 }));
    dataPath.run('outside', received([shim, tcp(0)]));
    dataPath.run('outside', received([shim, tcp(0)], { hopLimit: 1 }));
    const counters = dataPath.tables.ingressCounters(ingress);
    assert.deepEqual(counters, { lastReceived: TICK, packets: 2, bytes: 140 + 60 });
  });
});

describe('control messages (P = 0)', () => {
  const control = packets.controlMessage();
  lab.testFixtures(dataPath, 'outside', [
    { name: 'are punted', input: received([control]), outcome: { punted: 'control' } },
    {
      name: 'are punted whatever they are',
      input: received([packets.controlMessage(9, 0x7f)]),
      outcome: { punted: 'control' },
    },
    {
      name: 'behind extension headers, tagged',
      input: received([hopByHop(), destinationOptions(), control], { link: { ...fromProvider(0), vlan: 7 } }),
      outcome: { punted: 'control', networkOffset: 18 },
    },
    {
      name: 'of the least length, with a payload behind them',
      input: received([packets.controlMessage(1), udp(300)]),
      outcome: { punted: 'control' },
    },
    {
      name: 'of 240 octets, the longest short record',
      input: received([packets.controlMessage(1), udp(240 - 62)]),
      outcome: { punted: 'control' },
    },
    {
      name: 'of 241 octets',
      input: received([packets.controlMessage(1), udp(241 - 62)]),
      outcome: { punted: 'control' },
    },
    {
      name: 'as long as an event',
      input: received([packets.controlMessage(1), udp(3504 - 62)]),
      outcome: { punted: 'control' },
    },
    {
      name: 'longer than an event',
      input: received([packets.controlMessage(1), udp(3505 - 62)]),
      outcome: { dropped: 'punt-too-long' },
    },
    {
      name: 'an unknown tag is punted in part',
      input: received([packets.payloadHeader(lab.PEER_TAG), udp(3520 - 62)]),
      outcome: { punted: 'unknown-tag', length: 3504 },
    },
  ]);
});
