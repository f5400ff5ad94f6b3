/** The command line of the benchmark. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Population } from './choices.ts';
import { COMPARISON_NAMES, type ComparisonName } from './comparisons.ts';
import { UsageError } from './errors.ts';

export const USAGE = `usage: bench dataplane [--compare NAME,…] [--contexts N] [--rounds N] [--seconds S] [--cpu N]
                       [--json FILE] [--svg FILE] [--quick]
  --compare     what is measured, each with what it is held against, or all (default shim):
                shim    payload header in and out      nat    NATv6 both ways
                imix    mixed sizes                    large  1500 bytes
                vlan    802.1Q tags                    source check of the outer source on and off
                tunnel through exit routers    steering rules and forked contexts
  --contexts N  leave out populations of more contexts (default: up to 1,048,576)
  --rounds N    times that every row is measured, in turn (default 5)
  --seconds S   length of each measurement (default 1)
  --cpu N       processor that does all the work (default: the last one)
  --json FILE   write every round and the machine
  --svg FILE    write a bar chart
  --quick       few contexts and short rounds: shows that every row delivers, not how fast`;

export interface BenchArguments {
  readonly comparisons: readonly ComparisonName[];
  readonly populations: readonly Population[];
  readonly rounds: number;
  readonly seconds: number;
  readonly cpu: number;
  readonly json: string | undefined;
  readonly svg: string | undefined;
}

const FULL: readonly Population[] = [
  { contexts: 1, distribution: 'uniform' },
  { contexts: 1024, distribution: 'uniform' },
  { contexts: 65536, distribution: 'uniform' },
  { contexts: 1048576, distribution: 'uniform' },
  { contexts: 1048576, distribution: 'zipf' },
];
const MOST_CONTEXTS = 1_048_576;
const QUICK: readonly Population[] = [
  { contexts: 1, distribution: 'uniform' },
  { contexts: 1024, distribution: 'uniform' },
  { contexts: 1024, distribution: 'zipf' },
];

/** Throws UsageError. */
export function parseArguments(words: readonly string[]): BenchArguments {
  const { values, positionals } = parse(words);
  if (positionals.length !== 1 || positionals[0] !== 'dataplane') {
    throw new UsageError(
      `what to measure must be "dataplane" or "handshake", not ${JSON.stringify(positionals.join(' '))}`,
    );
  }
  const quick = values.quick ?? false;
  const most = number('contexts', values.contexts, MOST_CONTEXTS, {
    least: 1,
    most: MOST_CONTEXTS,
    integer: true,
  });
  return {
    comparisons: comparisons(values.compare ?? 'shim'),
    populations: (quick ? QUICK : FULL).filter(({ contexts }) => contexts <= most),
    rounds: number('rounds', values.rounds, quick ? 1 : 5, { least: 1, most: 1000, integer: true }),
    seconds: number('seconds', values.seconds, quick ? 0.02 : 1, { least: 0.001, most: 60, integer: false }),
    cpu: number('cpu', values.cpu, cpus().length - 1, { least: 0, most: cpus().length - 1, integer: true }),
    json: values.json,
    svg: values.svg,
  };
}

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    compare: text,
    contexts: text,
    rounds: text,
    seconds: text,
    cpu: text,
    json: text,
    svg: text,
    quick: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as TypeError).message);
  }
}

/** Each once, in the order of COMPARISONS. */
function comparisons(text: string): readonly ComparisonName[] {
  if (text === 'all') return COMPARISON_NAMES;
  const names = text.split(',');
  const unknown = names.find((name) => !(COMPARISON_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `--compare ${JSON.stringify(unknown)} is none of ${COMPARISON_NAMES.join(', ')}, all`,
    );
  return COMPARISON_NAMES.filter((name) => names.includes(name));
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly integer: boolean;
}

function number(
  name: string,
  text: string | undefined,
  absent: number,
  { least, most, integer }: Range,
): number {
  if (text === undefined) return absent;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most && (!integer || Number.isInteger(value))) return value;
  const kind = integer ? 'a whole number' : 'a number';
  throw new UsageError(`--${name} ${JSON.stringify(text)} is not ${kind} from ${least} to ${most}`);
}
