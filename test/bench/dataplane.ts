/** `bench dataplane`: every row of a comparison over every population of contexts, in alternating rounds. */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { build } from './build.ts';
import { contextNumbers, describePopulation, drawChoices, type Population } from './choices.ts';
import { COMPARISONS, type ComparisonName, datagrams } from './comparisons.ts';
import { Harness, type Measurement } from './harness.ts';
import { context } from './packets.ts';
import { seededRandom } from './random.ts';
import { limitSlot } from './reference-rows.ts';
import type { Row, RowName } from './row.ts';
import { Rows } from './rows.ts';
import { Topology } from './topology.ts';
import { open, verifyEveryContext, verifyFirstFrames } from './verify.ts';

export interface DataplaneOptions {
  readonly comparisons: readonly ComparisonName[];
  readonly populations: readonly Population[];
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  /** Processor that does all the work. */
  readonly cpu: number;
  readonly progress: (line: string) => void;
  /** Ends the benchmark at the next measurement, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** All rounds of one row over one population. */
export interface RowResult {
  readonly row: RowName;
  readonly rounds: readonly Measurement[];
}

export interface PopulationResult {
  readonly population: Population;
  readonly rows: readonly RowResult[];
}

export interface ComparisonResult {
  readonly comparison: ComparisonName;
  readonly populations: readonly PopulationResult[];
  /** Rows that this kernel does not offer, and why. */
  readonly unavailable: Partial<Record<RowName, string>>;
}

const SEED = 5533;
/** Packets of the measurement that tells how many make up the wanted time, and of the shortest one. */
const ESTIMATE_PACKETS = 200_000;
const LEAST_PACKETS = 10_000;

/** Slots of a table for so many contexts at a load of at most one half: a power of two. */
const slotsFor = (contexts: number): number => 2 ** Math.ceil(Math.log2(contexts * 2));

/** Needs root. Throws RowError when a row does not deliver what it must. */
export async function benchDataplane(options: DataplaneOptions): Promise<ComparisonResult[]> {
  options.progress('building');
  build();
  const results: ComparisonResult[] = [];
  for (const name of options.comparisons) results.push(await compare(name, options));
  return results;
}

async function compare(name: ComparisonName, options: DataplaneOptions): Promise<ComparisonResult> {
  const comparison = COMPARISONS[name];
  const populations = options.populations.filter(({ contexts }) => contexts <= comparison.mostContexts);
  const progress = (line: string) => options.progress(`${name}: ${line}`);
  const capacity = Math.max(1, ...populations.map(({ contexts }) => contexts));
  const slots = slotsFor(capacity);
  const random = (length: number) => deterministicBytes('box', length);
  const topology = new Topology();
  let rows: Rows | undefined;
  let harness: Harness | undefined;
  try {
    harness = new Harness(topology, options.cpu, datagrams(comparison));
    progress(`wiring, tables of ${slots.toLocaleString('en')} slots`);
    const key = hashKey();
    rows = new Rows(topology, { comparison, capacity, slots, hashKey: key, random });
    for (const row of rows.rows) harness.connect(row.lane);
    const numbers = contextNumbers(capacity, slots, (number) => limitSlot(context(number), slots, key));
    const { unavailable } = rows;
    const measured = { ...options, populations, progress };
    return {
      comparison: name,
      populations: await measureAll(harness, rows.rows, numbers, measured),
      unavailable,
    };
  } finally {
    rows?.close();
    harness?.close();
    topology.close();
  }
}

async function measureAll(
  harness: Harness,
  rows: readonly Row[],
  numbers: Uint32Array,
  options: DataplaneOptions,
): Promise<PopulationResult[]> {
  const results: PopulationResult[] = [];
  let known = 0;
  for (const population of options.populations) {
    const label = describePopulation(population);
    if (population.contexts > known) {
      options.progress(`${label}: adding contexts, one packet of each to check`);
      admit(rows, numbers.subarray(known, population.contexts));
      known = population.contexts;
      for (const row of rows) {
        await interruption(options);
        open(harness, row, numbers.subarray(0, known));
        verifyFirstFrames(harness, row, numbers.subarray(0, known));
        verifyEveryContext(harness, row, numbers.subarray(0, known));
      }
    }
    options.progress(`${label}: drawing packets`);
    drawChoices(harness.choices, numbers, population, seededRandom(SEED));
    results.push({ population, rows: await measurePopulation(harness, rows, label, options) });
  }
  return results;
}

function admit(rows: readonly Row[], numbers: Uint32Array): void {
  for (const number of numbers) {
    const admitted = context(number);
    for (const row of rows) row.admit?.(admitted);
  }
}

/** Round by round through all rows, so that what disturbs the machine disturbs all of them. */
async function measurePopulation(
  harness: Harness,
  rows: readonly Row[],
  label: string,
  options: DataplaneOptions,
): Promise<RowResult[]> {
  const { rounds, seconds, progress } = options;
  const lengths = rows.map((row) => packetsFor(harness, row, seconds));
  const measured = rows.map((): Measurement[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, row] of rows.entries()) {
      await interruption(options);
      progress(`${label}: round ${round + 1} of ${rounds}, ${row.name}`);
      measured[index]!.push(harness.send(row, lengths[index]!));
    }
  }
  return rows.map(({ name }, index) => ({ row: name, rounds: measured[index]! }));
}

/** Lets a signal in: measurements keep the thread busy. */
async function interruption({ signal }: DataplaneOptions): Promise<void> {
  await breathe();
  signal?.throwIfAborted();
}

/**
 * How many packets take a row so long. Beside the packets a run costs some 20 ms, which the kernel spends on
 * installing and removing the generator: as all rows run equally long, it lowers all rates in the same proportion.
 */
function packetsFor(harness: Harness, row: Row, seconds: number): number {
  const fixed = harness.send(row, 1).seconds;
  const perPacket = (harness.send(row, ESTIMATE_PACKETS).seconds - fixed) / ESTIMATE_PACKETS;
  return perPacket <= 0 ? LEAST_PACKETS : Math.max(LEAST_PACKETS, Math.round((seconds - fixed) / perPacket));
}

/** The limit's own: it must not arrange the box's table. */
const hashKey = (): BigUint64Array =>
  new BigUint64Array(deterministicBytes('limit', 32).buffer).map((word) => word | 1n);

/** The same in every run, as the packets are. */
const deterministicBytes = (purpose: string, length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(createHash('shake256', { outputLength: length }).update(purpose).digest());
