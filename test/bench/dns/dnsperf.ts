/** dnsperf: queries per second, and latencies one by one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { RowError } from '../errors.ts';

export interface Load {
  readonly port: number;
  /** Lines of NAME TYPE. */
  readonly file: string;
  readonly seconds: number;
  /** Queries a second at most. */
  readonly rate?: number;
  readonly cpu: number | undefined;
}

export interface Measured {
  readonly completed: number;
  readonly lost: number;
  readonly perSecond: number;
}

const WORDS = ['-f', 'inet6', '-s', '::1', '-c', '8', '-q', '100', '-S', '0'];

/** Its output goes to a file: a pipe that is not emptied in time would hold up its receiving. */
async function run(load: Load, more: readonly string[]): Promise<string> {
  const { port, file, seconds, rate, cpu } = load;
  const words = [...WORDS, '-p', String(port), '-d', file, '-l', String(seconds), ...more];
  if (rate !== undefined) words.push('-Q', String(Math.round(rate)));
  const [command, ...rest] =
    cpu === undefined ? ['dnsperf', ...words] : ['taskset', '-c', String(cpu), 'dnsperf', ...words];
  const output = await open(`${file}.answers`, 'w+');
  try {
    const child = spawn(command!, rest, { stdio: ['ignore', output.fd, 'inherit'] });
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0) throw new RowError('dnsperf', `dnsperf ended with status ${status}`);
    return await readFile(`${file}.answers`, 'utf8');
  } finally {
    await output.close();
  }
}

function counts(output: string): Measured {
  const number = (label: string): number => {
    const match = new RegExp(`${label}:\\s+([0-9.]+)`).exec(output);
    if (match === null) throw new RowError('dnsperf', `dnsperf does not say "${label}"`);
    return Number(match[1]);
  };
  const codes = /Response codes:\s+(.*)/.exec(output)?.[1] ?? '';
  if (!/^NOERROR \d+ \(100\.00%\)$/.test(codes))
    throw new RowError('dnsperf', `answers that are errors: ${codes}`);
  return {
    completed: number('Queries completed'),
    lost: number('Queries lost'),
    perSecond: number('Queries per second'),
  };
}

/** As many queries as are answered, a hundred outstanding. */
export const saturate = async (load: Load): Promise<Measured> => counts(await run(load, []));

/** Latencies at a given rate, milliseconds, sorted. */
export async function latencies(load: Load & { readonly rate: number }): Promise<Float64Array> {
  const output = await run(load, ['-v']);
  counts(output);
  const found = [...output.matchAll(/^> NOERROR \S+ \S+ ([0-9.]+)$/gm)].map(
    (match) => Number(match[1]) * 1000,
  );
  if (found.length === 0) throw new RowError('dnsperf', 'dnsperf reports no latencies');
  return Float64Array.from(found).sort();
}

/** Seconds of processor that a process has used. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in hundredths (USER_HZ).
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
