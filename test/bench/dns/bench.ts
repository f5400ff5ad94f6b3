/** One contender after the other, the same names, the same upstream; rounds interleaved, medians. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, type Program } from '../../adapters/dns-programs.ts';
import { RowError } from '../errors.ts';
import { CONTENDERS, type Contender, startContender, startUpstream } from './contenders.ts';
import { type Load, latencies, processorSeconds, saturate } from './dnsperf.ts';

export interface Kind {
  readonly title: string;
  readonly type: 'TXT' | 'AAAA';
  /** Branch of the zone, of the ALG and of the others. */
  readonly branch: { readonly alg: string; readonly dns64: string };
  /** What every answer is, of the ALG and of the others. */
  readonly answer: { readonly alg: string; readonly dns64: string };
}

const same = (text: string) => ({ alg: text, dns64: text });

export const KINDS: readonly Kind[] = [
  {
    title: 'TXT, passed',
    type: 'TXT',
    branch: same('plain'),
    answer: same('"some text, as there is in the world"'),
  },
  { title: 'AAAA, passed', type: 'AAAA', branch: same('plain'), answer: same('2001:db8:99::1') },
  {
    title: 'AAAA, rewritten',
    type: 'AAAA',
    branch: { alg: 'ulid', dns64: 'ipv4' },
    answer: { alg: 'fc00:db8:2::1', dns64: '64:ff9b::c000:201' },
  },
];

export interface Row {
  readonly contender: Contender;
  readonly kind: string;
  /** `new`: nobody can have the answer. `kept`: a thousand names that whoever has a cache keeps. */
  readonly names: 'new' | 'kept';
  readonly perSecond: number;
  readonly perCore: number;
  /** Milliseconds at half of that rate. */
  readonly p50: number;
  readonly p99: number;
  /** Beyond what the upstream alone takes at that rate. */
  readonly addedP99: number;
  /** The same at half of the rate that the slowest contender can take. */
  readonly addedP99AtSameRate: number;
  readonly lost: number;
}

export interface DnsBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: (line: string) => void;
  /** All when absent. */
  readonly contenders?: readonly Contender[];
  readonly kinds?: readonly Kind[];
  readonly names?: readonly Row['names'][];
}

/** Which names, for how long, and on which processor the one runs who asks. */
type Asked = Pick<Load, 'file' | 'seconds' | 'cpu'>;

const NEW_NAMES = 200_000;
const KEPT_NAMES = 1000;
const TURNS = 5;

export async function benchDns(options: DnsBenchOptions): Promise<readonly Row[]> {
  const { rounds, seconds, progress } = options;
  const { contenders: chosen = CONTENDERS, kinds = KINDS, names: freshness = ['new', 'kept'] } = options;
  const many = cpus().length > 1;
  const cpu = { load: many ? 0 : undefined, contender: many ? 1 : undefined };
  const directory = await mkdtemp(join(tmpdir(), 'pshim6-bench-dns-'));
  const programs: Program[] = [];
  try {
    const upstream = await startUpstream(cpu.load);
    programs.push(upstream);
    const found: Row[] = [];
    const contenders = new Map<Contender, Program>();
    for (const contender of chosen) {
      const program = await startContender(contender, upstream.port, cpu.contender);
      programs.push(program);
      contenders.set(contender, program);
      await verify(contender, program.port);
    }
    const setting = { contenders, upstream: upstream.port, directory, seconds, cpu: cpu.load, progress };
    for (let round = 0; round < rounds; round++) {
      for (const names of freshness) {
        for (const kind of kinds) {
          progress(`round ${round + 1} of ${rounds}: ${kind.title}, ${names} names`);
          found.push(...(await compare(setting, kind, names)));
        }
      }
    }
    return summarize(found);
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    await rm(directory, { recursive: true, force: true });
  }
}

interface Setting {
  readonly contenders: ReadonlyMap<Contender, Program>;
  readonly upstream: number;
  readonly directory: string;
  readonly seconds: number;
  readonly cpu: number | undefined;
  readonly progress: (line: string) => void;
}

/** Each with half of what it can take, then all with half of what the slowest can. */
async function compare(setting: Setting, kind: Kind, names: Row['names']): Promise<readonly Row[]> {
  const { contenders, upstream, directory, seconds, cpu, progress } = setting;
  const askedOf = async (contender: Contender): Promise<Asked> => {
    const file = join(directory, 'names');
    await writeFile(file, namesOf(kind, contender, names));
    return { file, seconds, cpu };
  };
  const alone: Omit<Row, 'addedP99AtSameRate'>[] = [];
  for (const [contender, program] of contenders) {
    const row = await measure(contender, kind, names, program, upstream, await askedOf(contender));
    const latency = [row.p50, row.p99, row.addedP99].map((value) => value.toFixed(2)).join(', ');
    progress(
      `  ${contender}: ${Math.round(row.perCore)} a second of one core; p50, p99, added p99: ${latency} ms`,
    );
    alone.push(row);
  }
  const rate = Math.min(...alone.map(({ perSecond }) => perSecond)) / 2;
  const rows: Row[] = [];
  for (const row of alone) {
    const { port } = contenders.get(row.contender)!;
    const { addedP99 } = await atRate({ port, upstream }, rate, await askedOf(row.contender));
    progress(`  ${row.contender}, at ${Math.round(rate)} a second: added p99 ${addedP99.toFixed(2)} ms`);
    rows.push({ ...row, addedP99AtSameRate: addedP99 });
  }
  return rows;
}

async function measure(
  contender: Contender,
  { title }: Kind,
  names: Row['names'],
  program: Program,
  upstream: number,
  load: Asked,
): Promise<Omit<Row, 'addedP99AtSameRate'>> {
  const { port, pid } = program;
  await saturate({ ...load, port, seconds: 1 });
  const before = processorSeconds(pid);
  const { completed, lost, perSecond } = await saturate({ ...load, port });
  const used = processorSeconds(pid) - before;
  const { p50, p99, addedP99 } = await atRate({ port, upstream }, perSecond / 2, load);
  return {
    contender,
    kind: title,
    names,
    perSecond,
    perCore: completed / used,
    p50,
    p99,
    addedP99,
    lost,
  };
}

/**
 * Asked and the upstream asked directly, by turns, so that whatever else the machine does meanwhile weighs on both;
 * medians of the turns.
 */
async function atRate(
  ports: { readonly port: number; readonly upstream: number },
  rate: number,
  { file, seconds, cpu }: Asked,
): Promise<Pick<Row, 'p50' | 'p99' | 'addedP99'>> {
  const load = { file, cpu, rate, seconds: Math.max(1, seconds / TURNS) };
  // What it was left with by more than it can take is over with first.
  await latencies({ ...load, port: ports.port });
  const own: Float64Array[] = [];
  const direct: Float64Array[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    own.push(await latencies({ ...load, port: ports.port }));
    direct.push(await latencies({ ...load, port: ports.upstream }));
  }
  const typical = (turns: readonly Float64Array[], share: number): number =>
    percentile(Float64Array.from(turns, (turn) => percentile(turn, share)).sort(), 0.5);
  const p99 = typical(own, 0.99);
  return { p50: typical(own, 0.5), p99, addedP99: p99 - typical(direct, 0.99) };
}

const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;

function namesOf(kind: Kind, contender: Contender, names: Row['names']): string {
  const branch = kind.branch[contender === 'alg' ? 'alg' : 'dns64'] + (names === 'kept' ? '.kept' : '');
  const count = names === 'kept' ? KEPT_NAMES : NEW_NAMES;
  const lines = Array.from({ length: count }, (_, index) => `n${index}.${branch}.bench ${kind.type}`);
  return `${lines.join('\n')}\n`;
}

/** Every kind of answer is right before it is counted. */
async function verify(contender: Contender, port: number): Promise<void> {
  for (const { type, branch, answer } of KINDS) {
    const side = contender === 'alg' ? 'alg' : 'dns64';
    const name = `verify.${branch[side]}.bench`;
    const { stdout } = await execute('dig', ['@::1', '-p', String(port), '+short', name, type]);
    if (stdout.trim() !== answer[side]) {
      throw new RowError(contender, `answers ${JSON.stringify(stdout)} for ${type} of ${name}`);
    }
  }
}

function summarize(rows: readonly Row[]): readonly Row[] {
  const groups = Map.groupBy(rows, ({ contender, kind, names }) => `${contender} ${kind} ${names}`);
  const middle = (
    group: readonly Row[],
    key: 'perSecond' | 'perCore' | 'p50' | 'p99' | 'addedP99' | 'addedP99AtSameRate' | 'lost',
  ) => group.map((row) => row[key]).sort((first, second) => first - second)[group.length >> 1]!;
  return [...groups.values()].map((group) => ({
    ...group[0]!,
    perSecond: middle(group, 'perSecond'),
    perCore: middle(group, 'perCore'),
    p50: middle(group, 'p50'),
    p99: middle(group, 'p99'),
    addedP99: middle(group, 'addedP99'),
    addedP99AtSameRate: middle(group, 'addedP99AtSameRate'),
    lost: middle(group, 'lost'),
  }));
}
