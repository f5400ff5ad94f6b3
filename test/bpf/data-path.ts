/** Both XDP programs over one set of small tables, run on one frame at a time by BPF_PROG_TEST_RUN. */
import { readFileSync } from 'node:fs';
import { dropReasons, Event, eventKinds, Statistics } from '../../control/dataplane/layout.generated.ts';
import { NatTable } from '../../control/dataplane/nat-table.ts';
import { BpfObject, RingBuffer, SharedArray } from '../../native/libbpf/index.ts';
import { programs } from './build.ts';
import { LITTLE_ENDIAN } from './table.ts';
import { Tables } from './tables.ts';

export type Direction = 'inside' | 'outside';
export type DropName = (typeof dropReasons)[number]['name'];
export type EventName = (typeof eventKinds)[number]['name'];
type VerdictName = 'forwarded' | 'to-kernel' | 'passed' | 'punted' | 'dropped' | 'answered';

/** enum verdict_count in order. */
const VERDICTS: readonly VerdictName[] = [
  'forwarded',
  'to-kernel',
  'passed',
  'punted',
  'dropped',
  'answered',
];
/** enum nat_count in order. */
const NAT_COUNTS = ['outbound', 'inbound', 'unknown-protocol', 'remembered'] as const;

/** Every counter of struct statistics: its name here and its place, in 32-bit words. */
const COUNTERS: readonly { readonly name: string; readonly word: number }[] = [
  ...VERDICTS.map((name, index) => ({ name: `inside ${name}`, at: Statistics.inside + 8 * index })),
  ...VERDICTS.map((name, index) => ({ name: `outside ${name}`, at: Statistics.outside + 8 * index })),
  ...dropReasons.map(({ name }, index) => ({ name: `drop ${name}`, at: Statistics.drops + 8 * index })),
  ...eventKinds.map(({ name }, index) => ({ name: `punt ${name}`, at: Statistics.punts + 8 * index })),
  ...NAT_COUNTS.map((name, index) => ({ name: `nat ${name}`, at: Statistics.nat + 8 * index })),
].map(({ name, at }) => ({ name, word: at / 4 }));

/** Processors that a run may happen on: the kernel's list is like `0-3`. */
const PROCESSORS =
  Number(readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim().split('-').at(-1)) + 1;

export interface PuntedFrame {
  readonly kind: EventName;
  readonly frame: Uint8Array;
  readonly ifindex: number;
  readonly networkOffset: number;
  readonly uplink: number;
  readonly mtu: number;
  readonly fork: number;
}

export interface RunResult {
  readonly verdict: number;
  readonly data: Uint8Array;
  /** What was counted, by name, without the zeros. */
  readonly counts: Readonly<Record<string, number>>;
  /** NATv6's own counters, without the zeros. */
  readonly nat: Readonly<Record<string, number>>;
  readonly events: readonly PuntedFrame[];
}

export interface DataPathOptions {
  readonly slots?: number;
  /** Octets of the event ring. */
  readonly ring?: number;
}

export class DataPath {
  static #shared: DataPath | undefined;
  readonly tables: Tables;
  /** As the controller writes it. */
  readonly nat: NatTable;
  readonly #objects: Readonly<Record<Direction, BpfObject>>;
  readonly #ring: RingBuffer;
  readonly #statisticsArray: SharedArray;
  readonly #natArray: SharedArray;
  #events: PuntedFrame[] = [];

  constructor({ slots = 256, ring = 65536 }: DataPathOptions = {}) {
    const inside = BpfObject.open(programs('inside'), {
      maps: { egress: { maxEntries: slots }, ingress: { maxEntries: slots }, events: { maxEntries: ring } },
    }).load();
    const globals = [
      '.bss.settings',
      '.bss.ports',
      '.bss.uplinks',
      '.bss.tunnels',
      '.bss.steering',
      '.bss.statistics',
      '.bss.nat',
    ];
    const shared = ['egress', 'ingress', 'ports_redirect', 'events', 'punt_buckets', 'path_mtu'].concat([
      'router_addresses',
      'nat_locators',
      'nat_hosts',
      'nat_flows',
    ]);
    const maps = [...globals, ...shared].map((name) => [name, { reuse: inside.map(name) }]);
    const outside = BpfObject.open(programs('outside'), { maps: Object.fromEntries(maps) }).load();
    this.#objects = { inside, outside };
    this.tables = new Tables(inside);
    this.#natArray = SharedArray.map(inside.map('.bss.nat'));
    this.nat = new NatTable(this.#natArray.bytes, inside.map('nat_locators'), inside.map('nat_hosts'));
    this.#statisticsArray = SharedArray.map(inside.map('.bss.statistics'));
    this.#ring = RingBuffer.open(inside.map('events'), (record) => this.#events.push(decode(record)));
  }

  /**
   * The one of this process, which ends with it: to load the programs is most of what a test file costs. Whoever uses it
   * sets up what it needs, before every test.
   */
  static shared(): DataPath {
    DataPath.#shared ??= new DataPath();
    return DataPath.#shared;
  }

  /** `drain` false leaves the events in the ring. */
  run(direction: Direction, data: Uint8Array, { repeat = 1, drain = true } = {}): RunResult {
    const before = this.#statistics();
    const result = this.#objects[direction].program(direction).testRun({ data, repeat });
    const counts: Record<string, number> = {};
    const nat: Record<string, number> = {};
    for (const [index, value] of this.#statistics().entries()) {
      const change = value - before[index]!;
      if (change === 0) continue;
      const { name } = COUNTERS[index]!;
      if (name.startsWith('nat ')) nat[name.slice(4)] = change;
      else counts[name] = change;
    }
    if (drain) this.#ring.consume();
    const events = this.#events;
    this.#events = [];
    return { verdict: result.verdict, data: result.data, counts, nat, events };
  }

  /** NATv6 off: no hosts, no policy, no flows remembered. */
  resetNat(): void {
    for (const host of this.nat.hosts) this.nat.removeHost(host);
    this.#natArray.bytes.fill(0);
    this.forgetFlows();
  }

  forgetFlows(): void {
    const flows = this.#objects.inside.map('nat_flows');
    for (const key of flows.keys()) flows.delete(key);
  }

  /** What the limits of punts have let through counts no more. */
  forgetPunts(): void {
    const buckets = this.#objects.inside.map('punt_buckets');
    const never = new Uint8Array(8);
    for (const bucket of buckets.keys()) buckets.set(bucket, never);
  }

  close(): void {
    this.#ring.close();
    this.tables.close();
    this.#statisticsArray.close();
    this.#natArray.close();
    this.#objects.outside.close();
    this.#objects.inside.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Of each of COUNTERS, summed over the processors that there are. */
  #statistics(): number[] {
    const { words } = this.#statisticsArray;
    return COUNTERS.map(({ word }) => {
      let total = 0;
      for (let processor = 0; processor < PROCESSORS; processor++) {
        const at = processor * (Statistics.size / 4) + word;
        total += words[at]! + words[at + 1]! * 0x1_0000_0000;
      }
      return total;
    });
  }
}

function decode(record: Uint8Array): PuntedFrame {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const length = view.getUint16(Event.length, LITTLE_ENDIAN);
  return {
    kind: eventKinds[record[Event.kind]!]!.name,
    frame: record.slice(Event.frame, Event.frame + length),
    ifindex: view.getUint32(Event.ifindex, LITTLE_ENDIAN),
    networkOffset: view.getUint16(Event.networkOffset, LITTLE_ENDIAN),
    uplink: record[Event.pathUplink]!,
    mtu: view.getUint16(Event.mtu, LITTLE_ENDIAN),
    fork: view.getUint32(Event.fork, LITTLE_ENDIAN),
  };
}
