/** Fixtures of the program `inside`: pairs with forked contexts beside their default one (RFC 5533 §4.2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SlotState } from '../../control/dataplane/layout.generated.ts';
import type { SteeringRule } from '../../control/steering/rules.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const dataPath = DataPath.shared();

type Tables = DataPath['tables'];
const FORK_TAG = { high: 0x0f0f, low: 0x12345678 };
const { udp, tcp, icmp6, hopByHop, destinationOptions, routing, fragment, esp } = packets;
const any = parsePrefix('::/0');
const [UDP, TCP] = [17, 6];

const rule = (fields: Partial<SteeringRule>): SteeringRule => ({
  source: any,
  destination: any,
  protocol: undefined,
  sourcePorts: undefined,
  destinationPorts: undefined,
  trafficClass: { value: 0, mask: 0 },
  fork: 1,
  prefer: [],
  ...fields,
});

/** A steered default context by the first provider, and forks by the second. */
function forked(
  tables: Tables,
  rules: readonly Partial<SteeringRule>[],
  forks: readonly number[] = [1],
): void {
  lab.placeEgress(tables, { steered: true });
  for (const fork of forks) lab.placeEgress(tables, { fork, tag: FORK_TAG, paths: [lab.PATHS[1]!] });
  tables.steering(rules.map(rule));
}

const sent = (parts: readonly packets.Part[], fields: Partial<packets.FrameFields> = {}) =>
  packets.frame({ link: lab.fromHost, source: lab.HOST, destination: lab.PEER, parts, ...fields });

const leaves = (before: packets.Part[], behind: packets.Part[], uplink: 0 | 1, tag: packets.Tag) => ({
  forwarded: packets.frame({
    link: lab.toProvider(uplink),
    source: lab.LOCATORS[uplink],
    destination: lab.PEER_LOCATORS[uplink],
    hopLimit: 63,
    parts: [...before, packets.payloadHeader(tag), ...behind],
  }),
});
const byDefault = (behind: packets.Part[], before: packets.Part[] = []) =>
  leaves(before, behind, 0, lab.PEER_TAG);
const byFork = (behind: packets.Part[], before: packets.Part[] = []) => leaves(before, behind, 1, FORK_TAG);

interface Case {
  readonly name: string;
  readonly rules: readonly Partial<SteeringRule>[];
  readonly before?: packets.Part[];
  readonly parts: packets.Part[];
  readonly takes: 'fork' | 'default';
}

/** udp() goes from port 12345 to 53, tcp() from 40000 to 80; every packet has traffic class 0xb8, codepoint 46. */
const cases: readonly Case[] = [
  { name: 'all packets', rules: [{}], parts: [udp()], takes: 'fork' },
  { name: 'no rules', rules: [], parts: [udp()], takes: 'default' },
  { name: 'the protocol', rules: [{ protocol: UDP }], parts: [udp()], takes: 'fork' },
  { name: 'another protocol', rules: [{ protocol: TCP }], parts: [udp()], takes: 'default' },
  { name: 'a protocol without ports', rules: [{ protocol: 58 }], parts: [icmp6()], takes: 'fork' },
  { name: 'ESP', rules: [{ protocol: 50 }], parts: [esp()], takes: 'fork' },
  { name: 'the host', rules: [{ source: parsePrefix(`${lab.HOST}/128`) }], parts: [udp()], takes: 'fork' },
  {
    name: 'another host',
    rules: [{ source: parsePrefix(`${lab.NEIGHBOUR}/128`) }],
    parts: [udp()],
    takes: 'default',
  },
  {
    name: "the peer's site",
    rules: [{ destination: parsePrefix('fc00:db8:2::/48') }],
    parts: [tcp()],
    takes: 'fork',
  },
  {
    name: 'another site',
    rules: [{ destination: parsePrefix('fc00:db8:3::/48') }],
    parts: [tcp()],
    takes: 'default',
  },
  {
    name: 'the destination port',
    rules: [{ destinationPorts: { first: 80, last: 80 } }],
    parts: [tcp()],
    takes: 'fork',
  },
  {
    name: 'the first of a range of source ports',
    rules: [{ sourcePorts: { first: 40000, last: 40010 } }],
    parts: [tcp()],
    takes: 'fork',
  },
  {
    name: 'the last of a range of source ports',
    rules: [{ sourcePorts: { first: 39990, last: 40000 } }],
    parts: [tcp()],
    takes: 'fork',
  },
  {
    name: 'just beyond a range',
    rules: [{ sourcePorts: { first: 39990, last: 39999 } }],
    parts: [tcp()],
    takes: 'default',
  },
  {
    name: 'ports of what has none',
    rules: [{ destinationPorts: { first: 0, last: 65535 } }],
    parts: [icmp6()],
    takes: 'default',
  },
  {
    name: 'the codepoint',
    rules: [{ trafficClass: { value: 46 << 2, mask: 0xfc } }],
    parts: [udp()],
    takes: 'fork',
  },
  {
    name: 'another codepoint',
    rules: [{ trafficClass: { value: 44 << 2, mask: 0xfc } }],
    parts: [udp()],
    takes: 'default',
  },
  {
    name: 'the first rule that matches, which excepts',
    rules: [{ protocol: UDP, fork: 0 }, {}],
    parts: [udp()],
    takes: 'default',
  },
  {
    name: 'the second rule, as the first does not match',
    rules: [{ protocol: TCP, fork: 0 }, {}],
    parts: [udp()],
    takes: 'fork',
  },
  {
    name: 'the last of as many rules as there can be',
    rules: [...Array(31).fill({ protocol: 200, fork: 0 }), { protocol: UDP }],
    parts: [udp()],
    takes: 'fork',
  },
  {
    name: 'behind extension headers',
    rules: [{ protocol: UDP, destinationPorts: { first: 53, last: 53 } }],
    before: [hopByHop(), routing()],
    parts: [destinationOptions(), udp()],
    takes: 'fork',
  },
  {
    name: 'behind a Routing header with segments left: the box forwards the packet, whoever is next',
    rules: [{ protocol: UDP, destinationPorts: { first: 53, last: 53 } }],
    before: [routing(1)],
    parts: [udp()],
    takes: 'fork',
  },
  {
    name: 'a first fragment, by its protocol',
    rules: [{ protocol: UDP }],
    parts: [fragment(0, true), udp(64)],
    takes: 'fork',
  },
  {
    name: 'a later fragment, by its protocol',
    rules: [{ protocol: UDP }],
    parts: [{ ...fragment(64, false) }, udp(64)],
    takes: 'fork',
  },
  {
    name: 'no fragment by ports, lest a packet take two ways',
    rules: [{ destinationPorts: { first: 53, last: 53 } }],
    parts: [fragment(0, true), udp(64)],
    takes: 'default',
  },
  {
    name: 'a packet too short for ports',
    rules: [{ protocol: UDP, sourcePorts: { first: 0, last: 65535 } }],
    parts: [udp(3)],
    takes: 'default',
  },
];

describe('rules choose the context', () => {
  lab.testFixtures(
    dataPath,
    'inside',
    cases.map(({ name, rules, before = [], parts, takes }) => ({
      name,
      tables: (tables: Tables) => forked(tables, rules),
      input: sent([...before, ...parts]),
      outcome: takes === 'fork' ? byFork(parts, before) : byDefault(parts, before),
    })),
  );
  lab.testFixtures(dataPath, 'inside', [
    {
      name: 'a pair that is not steered knows of no rules',
      tables: (tables) => {
        forked(tables, [{}]);
        lab.placeEgress(tables);
      },
      input: sent([udp()]),
      outcome: byDefault([udp()]),
    },
    {
      name: 'the fork with the highest number',
      tables: (tables) => forked(tables, [{ fork: 63 }], [63]),
      input: sent([udp()]),
      outcome: byFork([udp()]),
    },
    {
      name: 'the size of the path of the fork counts',
      tables: (tables) => {
        forked(tables, [{}]);
        lab.setUplink(tables, 1, { mtu: 1400 });
      },
      input: sent([udp(1393)]),
      outcome: { punted: 'too-big', uplink: 1, mtu: 1392 },
    },
  ]);
});

describe('a fork that is not there', () => {
  const input = sent([udp(400)]);
  const run = (forks: readonly number[], change: (tables: Tables) => void = () => {}) => {
    lab.standardTables(dataPath);
    forked(dataPath.tables, [{}], forks);
    change(dataPath.tables);
    return dataPath.run('inside', input);
  };
  const carried = Buffer.from(byDefault([udp(400)]).forwarded).toString('hex');

  for (const [name, forks, change] of [
    ['yet', [], () => {}],
    ['but another', [2], () => {}],
    [
      'live while it is recovered',
      [],
      (tables: Tables) => lab.placeEgress(tables, { fork: 1, state: SlotState.SLOT_DRAINING }),
    ],
    [
      'any more',
      [],
      (tables: Tables) => lab.placeEgress(tables, { fork: 1, state: SlotState.SLOT_TOMBSTONE }),
    ],
  ] as const)
    test(`${name}: the default context carries the packet, and the controller is told`, () => {
      const { data, counts, events } = run(forks, change);
      assert.equal(Buffer.from(data).toString('hex'), carried);
      assert.deepEqual(counts, { 'inside forwarded': 1, 'punt fork': 1 });
      const [event] = events;
      assert.deepEqual([event?.kind, event?.fork, event?.frame], ['fork', 1, input.subarray(0, 240)]);
    });

  for (const [name, parts, reason] of [
    [
      'headers beyond the packet',
      [{ ...destinationOptions(), octets: Uint8Array.of(17, 9) }, udp(30)],
      'malformed',
    ],
    ['too many headers', Array(5).fill(destinationOptions()), 'extension-headers'],
  ] as const)
    test(`is not asked for by a packet with ${name}, though rules match all`, () => {
      lab.standardTables(dataPath);
      forked(dataPath.tables, [{}], []);
      lab.expectOutcome(dataPath, 'inside', sent(parts), { dropped: reason });
    });

  test('is not asked for by a Fragment header cut short', () => {
    lab.standardTables(dataPath);
    forked(dataPath.tables, [{}], []);
    const cut = { type: packets.NextHeader.fragment, octets: Uint8Array.of(17, 0, 0, 1), chained: false };
    lab.expectOutcome(dataPath, 'inside', sent([cut]), byDefault([cut]));
  });

  test('is asked for at a bounded rate, and no packet lost for it', () => {
    const HOUR = 3600e9;
    lab.standardTables(dataPath);
    forked(dataPath.tables, [{}], []);
    dataPath.tables.limit('EVENT_FORK', [HOUR, 0]);
    const counts = Array.from({ length: 3 }, () => dataPath.run('inside', input).counts);
    dataPath.forgetPunts();
    const forwarded = { 'inside forwarded': 1 };
    assert.deepEqual(counts, [{ ...forwarded, 'punt fork': 1 }, forwarded, forwarded]);
  });
});
