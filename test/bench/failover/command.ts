/** `npm run bench -- failover`: how long an outage lasts, by what notices it, and what it costs in packets. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { describeMachine } from '../machine.ts';
import { type CarrierRow, measureCarrierLoss } from './carrier.ts';
import { type CrowdRow, measureCrowd, measureRecovery, type RecoveryRow } from './exploration.ts';
import { type LabRow, measureBfd, measureSilentProvider } from './in-lab.ts';
import { describeFailover } from './report.ts';

export const FAILOVER_USAGE = `usage: bench failover [--rows ROW,ROW...] [--lab] [--contexts N,N...] [--rounds N] [--crowd N] [--json FILE]
  --rows ROW,ROW...  carrier: carrier loss; reap: a silent failure, in virtual time; crowd: one of many contexts, in
                     virtual time; bfd, silent: in the lab, by FRR's bfdd and by REAP (default carrier,reap,crowd)
  --lab              bfd and silent, too (two minutes)
  --contexts N,N...  contexts in the tables when the carrier is lost (default 10,10000,100000,1000000)
  --rounds N         failures for each row of carrier, bfd and silent (default 3)
  --crowd N          contexts that lose one path at once, in virtual time (default 10000)
  --json FILE        write the figures and the machine`;

const ROWS = ['carrier', 'reap', 'crowd', 'bfd', 'silent'] as const;
type RowName = (typeof ROWS)[number];

const SEND_TIMEOUTS = [3, 10, 15, 30];
const LOCATORS = [2, 3, 4];
const RUNS = 20;
const MOST_CONTEXTS = 4_000_000;
const PACKETS_PER_SECOND = 10_000;

/** Without what was not asked for. */
export interface FailoverResult {
  readonly carrier: readonly CarrierRow[];
  readonly recovery: readonly RecoveryRow[];
  readonly crowd: readonly CrowdRow[];
  readonly lab: readonly LabRow[];
}

/** Throws UsageError, RowError, CommandError and LabError. */
export async function runFailover(words: readonly string[], progress: (line: string) => void): Promise<void> {
  const { rows, contexts, rounds, crowd, json } = parseFailover(words);
  if (process.getuid?.() !== 0) throw new UsageError('needs root: it makes network namespaces');
  const carrier: CarrierRow[] = [];
  for (const count of rows.has('carrier') ? contexts : []) {
    progress(`carrier loss with ${count} contexts`);
    carrier.push(await measureCarrierLoss(count, rounds));
  }
  if (rows.has('reap')) progress('exploration in virtual time');
  const recovery = (rows.has('reap') ? SEND_TIMEOUTS : []).flatMap((timeout) =>
    LOCATORS.map((locators) => measureRecovery(timeout, locators, RUNS)),
  );
  if (rows.has('crowd')) progress(`${crowd} contexts of one path`);
  const crowds = (rows.has('crowd') ? [1, crowd] : []).map((count) =>
    measureCrowd(count, 4, PACKETS_PER_SECOND),
  );
  const lab: LabRow[] = [];
  if (rows.has('bfd')) {
    progress('a silent router in the lab, BFD');
    lab.push(await measureBfd(rounds));
  }
  if (rows.has('silent')) {
    progress('a silent provider in the lab, REAP');
    lab.push(await measureSilentProvider(rounds));
  }
  progress('');
  const result: FailoverResult = { carrier, recovery, crowd: crowds, lab };
  console.log(`\n${describeFailover(result)}`);
  if (json === undefined) return;
  const command = ['npm run bench --', 'failover', ...words].join(' ');
  const document = { date: new Date().toISOString(), command, machine: describeMachine(), ...result };
  writeFileSync(json, `${JSON.stringify(document, undefined, 2)}\n`);
}

/** Throws UsageError. */
export function parseFailover(words: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = {
      rows: text,
      contexts: text,
      rounds: text,
      crowd: text,
      json: text,
      lab: { type: 'boolean' } as const,
    };
    const { values } = parseArgs({ args: [...words], options });
    const contexts = (values.contexts ?? '10,10000,100000,1000000').split(',');
    const rows = (values.rows ?? 'carrier,reap,crowd').split(',').map(rowName);
    return {
      rows: new Set<RowName>(values.lab ? [...rows, 'bfd', 'silent'] : rows),
      contexts: contexts.map((count) => wholeNumber('contexts', count, MOST_CONTEXTS)),
      rounds: wholeNumber('rounds', values.rounds ?? '3', 100),
      crowd: wholeNumber('crowd', values.crowd ?? '10000', 100_000),
      json: values.json,
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as TypeError).message);
  }
}

function rowName(text: string): RowName {
  const name = ROWS.find((row) => row === text);
  if (name !== undefined) return name;
  throw new UsageError(`--rows ${JSON.stringify(text)}: there are ${ROWS.join(', ')}`);
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(`--${name} ${JSON.stringify(text)} is not a whole number from 1 to ${most}`);
}
