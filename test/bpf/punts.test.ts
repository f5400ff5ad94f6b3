/** Limits of what reaches the controller, and what happens beyond them. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { EventKind } from '../../control/dataplane/layout.generated.ts';
import { DataPath, type Direction, type DropName, type EventName } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { icmp6Error, udp } = packets;
const dataPath = DataPath.shared();

/** Longer than any test takes: what was refused once stays refused. */
const HOUR = 3600e9;

const inside = (fields: Partial<packets.FrameFields> = {}) =>
  packets.frame({ link: lab.fromHost, source: lab.HOST, destination: lab.PEER, parts: [udp()], ...fields });
const outside = (parts: readonly packets.Part[], source: string = lab.PEER_LOCATORS[0]) =>
  packets.frame({ link: lab.fromProvider(0), source, destination: lab.LOCATORS[0], parts });
/** What this site sent. */
const shimmed = (parts: readonly packets.Part[]) =>
  packets.packet({ source: lab.LOCATORS[0], destination: lab.PEER_LOCATORS[0], parts });
/** A peer to whom the path is narrow. */
const NARROW = 'fc00:db8:2::98';
const narrow = { uplink: 0, source: lab.LOCATORS[0], destination: lab.PEER_LOCATORS[1] };
const unknownPeer = 'fc00:db8:2::99';

interface Kind {
  readonly kind: keyof typeof EventKind;
  readonly punted: EventName;
  readonly dropped: DropName;
  readonly direction: Direction;
  readonly input: Uint8Array;
  readonly mtu?: number;
}

const kinds: readonly Kind[] = [
  {
    kind: 'EVENT_CONTROL',
    punted: 'control',
    dropped: 'control-limited',
    direction: 'outside',
    input: outside([packets.controlMessage()]),
  },
  {
    kind: 'EVENT_UNKNOWN_TAG',
    punted: 'unknown-tag',
    dropped: 'unknown-tag',
    direction: 'outside',
    input: outside([packets.payloadHeader({ high: 1, low: 1 }), udp()]),
  },
  {
    kind: 'EVENT_FOREIGN_SOURCE',
    punted: 'foreign-source',
    dropped: 'source-not-locator',
    direction: 'outside',
    input: outside([packets.payloadHeader(lab.LOCAL_TAG), udp()], '2001:db8:66::6'),
  },
  {
    kind: 'EVENT_ICMP_ERROR',
    punted: 'icmp-error',
    dropped: 'icmp-limited',
    direction: 'outside',
    input: outside([icmp6Error(1, shimmed([packets.payloadHeader(lab.PEER_TAG), udp()]))], '2001:db8:66::6'),
  },
  {
    kind: 'EVENT_OUTSIDE_TOO_BIG',
    punted: 'outside-too-big',
    dropped: 'outside-too-big',
    direction: 'outside',
    input: outside([packets.payloadHeader(lab.LOCAL_TAG), udp(1461)]),
    mtu: 1508,
  },
  {
    kind: 'EVENT_OUTSIDE_HOP_LIMIT',
    punted: 'outside-hop-limit',
    dropped: 'outside-hop-limit',
    direction: 'outside',
    input: packets.frame({
      link: lab.fromProvider(0),
      source: lab.PEER_LOCATORS[0],
      destination: lab.LOCATORS[0],
      hopLimit: 1,
      parts: [packets.payloadHeader(lab.LOCAL_TAG), udp()],
    }),
  },
  {
    kind: 'EVENT_MISS',
    punted: 'miss',
    dropped: 'miss-limited',
    direction: 'inside',
    input: inside({ destination: unknownPeer }),
  },
  {
    kind: 'EVENT_TOO_BIG',
    punted: 'too-big',
    dropped: 'too-big',
    direction: 'inside',
    input: inside({ parts: [udp(1453)] }),
    mtu: 1492,
  },
  {
    kind: 'EVENT_FRAGMENT',
    punted: 'fragment',
    dropped: 'fragment-limited',
    direction: 'inside',
    input: inside({ destination: NARROW, parts: [udp(1240)] }),
    mtu: 1272,
  },
  {
    kind: 'EVENT_HOP_LIMIT',
    punted: 'hop-limit',
    dropped: 'hop-limit',
    direction: 'inside',
    input: inside({ hopLimit: 1 }),
  },
  {
    kind: 'EVENT_NO_UPLINK',
    punted: 'no-uplink',
    dropped: 'no-uplink',
    direction: 'inside',
    input: inside({ source: lab.NEIGHBOUR }),
  },
];

describe('limits by kind of event', () => {
  afterEach(() => dataPath.forgetPunts());
  for (const { kind, punted, dropped, direction, input, mtu } of kinds)
    test(`${punted}: burst, then none, and the other kinds unharmed`, () => {
      lab.standardTables(dataPath);
      lab.placeEgress(dataPath.tables, { source: lab.NEIGHBOUR, paths: [] });
      lab.placeEgress(dataPath.tables, { destination: NARROW, paths: [narrow] });
      dataPath.tables.pathMtu({ ...narrow, mtu: 1280 });
      // One punt an hour, and up to two hours' worth early: three at once.
      dataPath.tables.limit(kind, [HOUR, 2 * HOUR]);
      for (let count = 0; count < 3; count++) lab.expectOutcome(dataPath, direction, input, { punted, mtu });
      for (let count = 0; count < 5; count++) lab.expectOutcome(dataPath, direction, input, { dropped });
      for (const other of kinds.filter((candidate) => candidate.kind !== kind))
        lab.expectOutcome(dataPath, other.direction, other.input, { punted: other.punted, mtu: other.mtu });
    });
});

describe('limits by source, and with time', () => {
  afterEach(() => dataPath.forgetPunts());
  test('one source at its limit leaves the others theirs', () => {
    lab.standardTables(dataPath);
    dataPath.tables.limit('EVENT_UNKNOWN_TAG', [0, 0], [HOUR, 0]);
    const from = (source: string) => outside([packets.payloadHeader({ high: 1, low: 1 }), udp()], source);
    lab.expectOutcome(dataPath, 'outside', from('2001:db8:66::1'), { punted: 'unknown-tag' });
    lab.expectOutcome(dataPath, 'outside', from('2001:db8:66::1'), { dropped: 'unknown-tag' });
    lab.expectOutcome(dataPath, 'outside', from('2001:db8:66::2'), { punted: 'unknown-tag' });
    lab.expectOutcome(dataPath, 'outside', from('2001:db8:66::2'), { dropped: 'unknown-tag' });
  });

  test('a source refused uses up nothing of the limit for all', () => {
    lab.standardTables(dataPath);
    dataPath.tables.limit('EVENT_MISS', [HOUR, HOUR], [HOUR, 0]);
    const from = (source: string) => inside({ source, destination: unknownPeer });
    lab.expectOutcome(dataPath, 'inside', from(lab.HOST), { punted: 'miss' });
    for (let count = 0; count < 5; count++)
      lab.expectOutcome(dataPath, 'inside', from(lab.HOST), { dropped: 'miss-limited' });
    lab.expectOutcome(dataPath, 'inside', from(lab.NEIGHBOUR), { punted: 'miss' });
    lab.expectOutcome(dataPath, 'inside', from('fc00:db8:1::13'), { dropped: 'miss-limited' });
  });

  test('a limit recovers with time', () => {
    lab.standardTables(dataPath);
    const interval = 20e6;
    dataPath.tables.limit('EVENT_MISS', [interval, 0]);
    const input = inside({ destination: unknownPeer });
    const deadline = process.hrtime.bigint() + BigInt(10 * interval);
    const start = process.hrtime.bigint();
    let punted = 0;
    while (process.hrtime.bigint() < deadline)
      punted += dataPath.run('inside', input).counts['inside punted'] ?? 0;
    const elapsed = Number(process.hrtime.bigint() - start);
    assert.ok(punted >= 2, `${punted} punts`);
    assert.ok(punted <= 1 + elapsed / interval, `${punted} punts in ${elapsed} ns`);
  });
});

test('a full ring drops and counts, and is used again once it is emptied', () => {
  const record = { header: 8, short: 256, ring: 4096 };
  using own = new DataPath({ slots: 16, ring: record.ring });
  lab.standardTables(own);
  const input = inside({ destination: unknownPeer });
  const capacity = Math.floor(record.ring / (record.header + record.short));
  const total: Record<string, number> = {};
  for (let count = 0; count < 40; count++)
    for (const [name, value] of Object.entries(own.run('inside', input, { drain: false }).counts))
      total[name] = (total[name] ?? 0) + value;
  assert.deepEqual(total, {
    'inside punted': capacity,
    'inside dropped': 40 - capacity,
    'drop ring-full': 40 - capacity,
    'punt miss': capacity,
  });
  const { events } = own.run('outside', outside([udp()]));
  assert.equal(events.length, capacity);
  lab.expectOutcome(own, 'inside', input, { punted: 'miss' });
});

test('the frame in an event is exact at every length around the record sizes', () => {
  lab.standardTables(dataPath);
  for (const length of [54, 55, 61, 239, 240, 241, 242, 1514, 2031, 2032, 2033, 3503, 3504])
    lab.expectOutcome(
      dataPath,
      'inside',
      inside({ destination: unknownPeer, parts: length === 54 ? [] : [udp(length - 54)] }),
      { punted: 'miss' },
    );
  lab.expectOutcome(dataPath, 'inside', inside({ destination: unknownPeer, parts: [udp(3505 - 54)] }), {
    dropped: 'punt-too-long',
  });
});
