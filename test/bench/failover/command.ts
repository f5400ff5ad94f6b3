/** `npm run bench -- failover`: how long an outage lasts, by carrier loss and by REAP, and what it costs in packets. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { describeMachine } from '../machine.ts';
import { type CarrierRow, measureCarrierLoss } from './carrier.ts';
import { type CrowdRow, measureCrowd, measureRecovery, type RecoveryRow } from './exploration.ts';
import { type LabRow, measureLab } from './in-lab.ts';
import { describeFailover } from './report.ts';

export const FAILOVER_USAGE = `usage: bench failover [--contexts N,N...] [--rounds N] [--crowd N] [--lab] [--json FILE]
  --contexts N,N...  contexts in the tables when the carrier is lost (default 10,10000,100000,1000000)
  --rounds N         cuts for each (default 3)
  --crowd N          contexts that lose one path at once, in virtual time (default 10000)
  --lab              also a silent failure in the lab, in real time (a minute)
  --json FILE        write the figures and the machine`;

const SEND_TIMEOUTS = [3, 10, 15, 30];
const LOCATORS = [2, 3, 4];
const RUNS = 20;
const MOST_CONTEXTS = 4_000_000;
const PACKETS_PER_SECOND = 10_000;

export interface FailoverResult {
  readonly carrier: readonly CarrierRow[];
  readonly recovery: readonly RecoveryRow[];
  readonly crowd: readonly CrowdRow[];
  readonly lab: LabRow | undefined;
}

/** Throws UsageError, RowError, CommandError and LabError. */
export async function runFailover(words: readonly string[], progress: (line: string) => void): Promise<void> {
  const { contexts, rounds, crowd, lab, json } = parse(words);
  if (process.getuid?.() !== 0) throw new UsageError('needs root: it makes network namespaces');
  const carrier: CarrierRow[] = [];
  for (const count of contexts) {
    progress(`carrier loss with ${count} contexts`);
    carrier.push(await measureCarrierLoss(count, rounds));
  }
  progress('exploration in virtual time');
  const recovery = SEND_TIMEOUTS.flatMap((timeout) =>
    LOCATORS.map((locators) => measureRecovery(timeout, locators, RUNS)),
  );
  progress(`${crowd} contexts of one path`);
  const crowds = [1, crowd].map((count) => measureCrowd(count, 4, PACKETS_PER_SECOND));
  if (lab) progress('a silent failure in the lab');
  const result: FailoverResult = {
    carrier,
    recovery,
    crowd: crowds,
    lab: lab ? await measureLab() : undefined,
  };
  progress('');
  console.log(`\n${describeFailover(result)}`);
  if (json === undefined) return;
  const command = ['npm run bench --', 'failover', ...words].join(' ');
  const document = { date: new Date().toISOString(), command, machine: describeMachine(), ...result };
  writeFileSync(json, `${JSON.stringify(document, undefined, 2)}\n`);
}

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = {
      contexts: text,
      rounds: text,
      crowd: text,
      json: text,
      lab: { type: 'boolean' } as const,
    };
    const { values } = parseArgs({ args: [...words], options });
    const contexts = (values.contexts ?? '10,10000,100000,1000000').split(',');
    return {
      contexts: contexts.map((count) => wholeNumber('contexts', count, MOST_CONTEXTS)),
      rounds: wholeNumber('rounds', values.rounds ?? '3', 100),
      crowd: wholeNumber('crowd', values.crowd ?? '10000', 100_000),
      lab: values.lab ?? false,
      json: values.json,
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as TypeError).message);
  }
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(`--${name} ${JSON.stringify(text)} is not a whole number from 1 to ${most}`);
}
