/** What every fixture file shares: the addresses and links of the lab, and how an outcome is judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataPath, Direction, DropName, EventName } from './data-path.ts';
import type { Link, Tag } from './packets.ts';
import { LOOPBACK, type PathFields } from './tables.ts';

export const HOST = 'fc00:db8:1::11';
export const NEIGHBOUR = 'fc00:db8:1::12';
export const PEER = 'fc00:db8:2::22';
export const LOCATORS = ['2001:db8:11::11', '2001:db8:12::11'] as const;
export const PEER_LOCATORS = ['2001:db8:21::22', '2001:db8:22::22'] as const;
export const SITE = 'fc00:db8:1::/48';
export const ULIDS = 'fc00::/8';
export const PEER_TAG: Tag = { high: 0x7abc, low: 0xdef01234 };
export const LOCAL_TAG: Tag = { high: 0x1234, low: 0x89abcdef };

const MAC = {
  host: '02:00:00:00:01:11',
  inside: '02:00:00:00:01:01',
  uplinks: ['02:00:00:00:02:01', '02:00:00:00:03:01'],
  gateways: ['02:00:00:00:02:fe', '02:00:00:00:03:fe'],
} as const;

/** Ports: 0 and 1 the two uplinks', 2 the hosts'. */
export const HOST_PORT = 2;
export const fromHost: Link = { source: MAC.host, destination: MAC.inside };
export const toHost: Link = { source: MAC.inside, destination: MAC.host };
export const toProvider = (uplink: 0 | 1): Link => ({
  source: MAC.uplinks[uplink],
  destination: MAC.gateways[uplink],
});
export const fromProvider = (uplink: 0 | 1): Link => ({
  source: MAC.gateways[uplink],
  destination: MAC.uplinks[uplink],
});

export const PATHS: readonly PathFields[] = [
  { uplink: 0, source: LOCATORS[0], destination: PEER_LOCATORS[0] },
  { uplink: 1, source: LOCATORS[1], destination: PEER_LOCATORS[1] },
];

/** A context between HOST and PEER over two providers, all up, untagged, MTU 1500; no NATv6. Returns its slots. */
export function standardTables(dataPath: DataPath): { egress: number; ingress: number } {
  const { tables } = dataPath;
  tables.reset();
  dataPath.resetNat();
  tables.settings({ site: [SITE], ulids: [ULIDS] });
  for (const index of [0, 1] as const) {
    tables.port(index, { mac: MAC.uplinks[index] });
    tables.uplink(index, { port: index, gateway: MAC.gateways[index] });
  }
  tables.port(HOST_PORT, { mac: MAC.inside });
  return { egress: placeEgress(tables), ingress: placeIngress(tables) };
}

type Tables = DataPath['tables'];

export const placeEgress = (
  tables: Tables,
  fields: Partial<Parameters<Tables['egress']>[0]> = {},
  probes = 0,
): number =>
  tables.egress({ source: HOST, destination: PEER, tag: PEER_TAG, paths: PATHS, ...fields }, probes);

export const placeIngress = (
  tables: Tables,
  fields: Partial<Parameters<Tables['ingress']>[0]> = {},
  probes = 0,
): number =>
  tables.ingress(
    {
      tag: LOCAL_TAG,
      peer: PEER,
      local: HOST,
      peerLocators: PEER_LOCATORS,
      port: HOST_PORT,
      hostMac: MAC.host,
      ...fields,
    },
    probes,
  );

export const setUplink = (
  tables: Tables,
  index: 0 | 1,
  fields: Partial<Parameters<Tables['uplink']>[1]>,
): void => tables.uplink(index, { port: index, gateway: MAC.gateways[index], ...fields });

export const setPort = (
  tables: Tables,
  index: 0 | 1 | typeof HOST_PORT,
  fields: Partial<Parameters<Tables['port']>[1]>,
): void => {
  const mac = index === HOST_PORT ? MAC.inside : MAC.uplinks[index];
  tables.port(index, { mac, ...fields });
};

/** What becomes of a frame. It determines verdict, frame, counters and events. */
export type Outcome =
  | { readonly forwarded: Uint8Array }
  | { readonly toKernel: Uint8Array }
  | 'passed'
  /** Sent back where the packet came from. */
  | { readonly answered: Uint8Array }
  | { readonly dropped: DropName }
  | {
      readonly punted: EventName;
      readonly networkOffset?: number;
      readonly uplink?: number;
      readonly mtu?: number;
      readonly fork?: number;
      /** How much of the frame the event carries, by default all. */
      readonly length?: number;
    };

const Verdict = { drop: 1, pass: 2, transmit: 3, redirect: 4 } as const;

/** Runs `input` and compares everything that can be seen with `outcome`. */
export function expectOutcome(
  dataPath: DataPath,
  direction: Direction,
  input: Uint8Array,
  outcome: Outcome,
): void {
  const { verdict, data, counts, events } = dataPath.run(direction, input);
  const counted = (what: string, more: Record<string, number> = {}) => ({
    [`${direction} ${what}`]: 1,
    ...more,
  });
  const expected = { verdict: Verdict.drop as number, frame: input, events: [] as unknown[], counts: {} };
  if (outcome === 'passed') {
    expected.verdict = Verdict.pass;
    expected.counts = counted('passed');
  } else if ('forwarded' in outcome) {
    expected.verdict = Verdict.redirect;
    expected.frame = outcome.forwarded;
    expected.counts = counted('forwarded');
  } else if ('toKernel' in outcome) {
    expected.verdict = Verdict.pass;
    expected.frame = outcome.toKernel;
    expected.counts = counted('to-kernel');
  } else if ('answered' in outcome) {
    expected.verdict = Verdict.transmit;
    expected.frame = outcome.answered;
    expected.counts = counted('answered');
  } else if ('dropped' in outcome) {
    expected.counts = counted('dropped', { [`drop ${outcome.dropped}`]: 1 });
  } else {
    const { punted, networkOffset = 14, uplink = 0, mtu = 0, fork = 0, length = input.length } = outcome;
    const frame = hex(input.subarray(0, length));
    expected.counts = counted('punted', { [`punt ${punted}`]: 1 });
    expected.events = [{ kind: punted, ifindex: LOOPBACK, networkOffset, uplink, mtu, fork, frame }];
  }
  assert.deepEqual(
    {
      verdict,
      frame: hex(data),
      counts,
      events: events.map((event) => ({ ...event, frame: hex(event.frame) })),
    },
    { ...expected, frame: hex(expected.frame) },
  );
}

/** 16 octets a line, so that a difference shows where it is. */
const hex = (octets: Uint8Array): string[] =>
  (
    Buffer.from(octets)
      .toString('hex')
      .match(/.{1,32}/g) ?? []
  ).map((line) => line.replace(/(.{4})(?=.)/g, '$1 '));

export const assertOctets = (actual: Uint8Array, expected: Uint8Array): void =>
  assert.deepEqual(hex(actual), hex(expected));

/** A frame from outside that the program opens before it decides: what is seen afterwards is `opened`. */
export function expectPunt(
  dataPath: DataPath,
  input: Uint8Array,
  opened: Uint8Array,
  punted: EventName,
): void {
  const { verdict, counts, events } = dataPath.run('outside', input);
  assert.equal(verdict, Verdict.drop);
  assert.deepEqual(counts, { 'outside punted': 1, [`punt ${punted}`]: 1 });
  assert.deepEqual(
    events.map(({ kind, frame }) => ({ kind, frame: hex(frame) })),
    [{ kind: punted, frame: hex(opened) }],
  );
}

export function expectRewrittenPass(dataPath: DataPath, input: Uint8Array, opened: Uint8Array): void {
  const { verdict, data, counts } = dataPath.run('outside', input);
  assert.deepEqual({ verdict, counts }, { verdict: Verdict.pass, counts: { 'outside passed': 1 } });
  assertOctets(data, opened);
}

export function expectDrop(dataPath: DataPath, input: Uint8Array, dropped: DropName): void {
  const { verdict, counts } = dataPath.run('outside', input);
  const expected = { 'outside dropped': 1, [`drop ${dropped}`]: 1 };
  assert.deepEqual({ verdict, counts }, { verdict: Verdict.drop, counts: expected });
}

export interface Fixture {
  readonly name: string;
  /** Changes to standardTables. */
  readonly tables?: (tables: Tables) => void;
  readonly input: Uint8Array;
  readonly outcome: Outcome;
}

/** One test per fixture, each on fresh tables. */
export function testFixtures(dataPath: DataPath, direction: Direction, fixtures: readonly Fixture[]): void {
  for (const { name, tables, input, outcome } of fixtures) {
    test(`${direction}: ${name}`, () => {
      standardTables(dataPath);
      tables?.(dataPath.tables);
      expectOutcome(dataPath, direction, input, outcome);
    });
  }
}
