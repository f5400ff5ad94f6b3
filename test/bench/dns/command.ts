/** `npm run bench -- dns`. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { describeMachine } from '../machine.ts';
import { beforeOtherWork } from '../priority.ts';
import { benchDns, type Row } from './bench.ts';
import { CONTENDER_TITLES } from './contenders.ts';

export const DNS_USAGE = `usage: npm run bench -- dns [--rounds N] [--seconds S] [--names new|kept] [--json FILE]
  dnsperf against this ALG, unbound with dns64 and BIND with dns64, the same upstream;
  a round takes five minutes with new names, and five with kept ones`;

export async function runDns(words: readonly string[], progress: (line: string) => void): Promise<void> {
  const { rounds, seconds, json, names } = parseDnsArguments(words);
  const machine = describeMachine();
  const date = new Date().toISOString();
  const afterwards = beforeOtherWork();
  const rows = await benchDns({
    rounds,
    seconds,
    progress,
    ...(names !== undefined && { names: [names] }),
  }).finally(afterwards);
  process.stdout.write(`${renderDns(rows)}\n\n`);
  process.stdout.write(
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ${date.slice(0, 10)}\n`,
  );
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ date, machine, rounds, seconds, rows }, undefined, 2)}\n`);
  }
}

export function parseDnsArguments(words: readonly string[]): {
  rounds: number;
  seconds: number;
  json: string | undefined;
  /** Both when undefined. */
  names: Row['names'] | undefined;
} {
  const values = readWords(words);
  const number = (key: 'rounds' | 'seconds', most: number): number => {
    const value = Number(values[key]);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new UsageError(`--${key} ${values[key]}: a whole number from 1 to ${most}`);
  };
  const { names } = values;
  if (names !== undefined && names !== 'new' && names !== 'kept') {
    throw new UsageError(`--names ${names}: new or kept`);
  }
  return { rounds: number('rounds', 99), seconds: number('seconds', 600), json: values.json, names };
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '4' },
        names: { type: 'string' },
        json: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export function renderDns(rows: readonly Row[]): string {
  const whole = (value: number): string => Math.round(value).toLocaleString('en');
  const milliseconds = (value: number): string => value.toFixed(2);
  const lines = rows.map((row) => {
    const { kind, names, contender, perSecond, perCore, p50, p99, addedP99, addedP99AtSameRate } = row;
    const rival = rows.find(
      (other) => other.contender === 'unbound' && other.kind === kind && other.names === names,
    );
    const ratio = rival === undefined ? '' : (perCore / rival.perCore).toFixed(2);
    const cells = [
      kind,
      names,
      CONTENDER_TITLES[contender],
      whole(perSecond),
      whole(perCore),
      ratio,
      ...[p50, p99, addedP99, addedP99AtSameRate].map(milliseconds),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| question | names | who | queries/s | queries/s of one core | of unbound | p50 ms | p99 ms | added p99 ms | at the same rate |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
