/** `npm run bench -- dataplane`: how many packets one core rewrites, and beside what; `-- handshake`: contexts. */
import { writeFileSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { parseArguments, USAGE } from './arguments.ts';
import { benchDataplane } from './dataplane.ts';
import { DHCP_USAGE, runDhcp } from './dhcp/command.ts';
import { DNS_USAGE, runDns } from './dns/command.ts';
import { CommandError, RowError, UsageError } from './errors.ts';
import { FAILOVER_USAGE, runFailover } from './failover/command.ts';
import { HANDSHAKE_USAGE, runHandshake } from './handshake/command.ts';
import { describeMachine } from './machine.ts';
import { renderSvg } from './report-svg.ts';
import { renderTables } from './report-table.ts';
import { ROW_TITLES, type RowName } from './row.ts';
import { summarize } from './summary.ts';

async function main(words: readonly string[], signal: AbortSignal): Promise<void> {
  if (words[0] === 'dns') return runDns(words.slice(1), progress);
  if (words[0] === 'failover') return runFailover(words.slice(1), progress);
  if (words[0] === 'dhcp') return runDhcp(words.slice(1), progress);
  if (words[0] === 'handshake') return runHandshake(words.slice(1), progress);
  const { json, svg, ...options } = parseArguments(words);
  if (process.getuid?.() !== 0)
    throw new UsageError('needs root: it attaches XDP programs in network namespaces of its own');
  const machine = describeMachine();
  const date = new Date().toISOString();
  const command = ['npm run bench --', ...words].join(' ');

  const comparisons = await benchDataplane({ ...options, progress, signal });
  clearProgress();
  const summary = summarize(comparisons);
  const origin = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ${date.slice(0, 10)}`;
  process.stdout.write(`${renderTables(summary)}\n\n${origin}\n`);
  for (const { unavailable } of comparisons)
    for (const [row, reason] of Object.entries(unavailable))
      process.stdout.write(`not measured: ${ROW_TITLES[row as RowName]}: ${reason}\n`);
  if (json !== undefined) {
    const { rounds, seconds, cpu } = options;
    const document = { date, command, machine, rounds, seconds, cpu, summary, comparisons };
    writeFileSync(json, `${JSON.stringify(document, undefined, 2)}\n`);
  }
  if (svg !== undefined) writeFileSync(svg, renderSvg(summary, `${origin} · ${command}`));
}

/** One line that is overwritten on a terminal, a line each elsewhere. */
function progress(line: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

try {
  await main(process.argv.slice(2), interrupted.signal);
} catch (error) {
  await breathe(); // a signal that ended a measurement is yet to be told
  if (interrupted.signal.aborted) {
    process.stderr.write('\nbench: interrupted\n');
    process.exitCode = 130;
  } else if (error instanceof UsageError) {
    process.stderr.write(
      `bench: ${error.message}\n${USAGE}\n${DHCP_USAGE}\n${HANDSHAKE_USAGE}\n${FAILOVER_USAGE}\n${DNS_USAGE}\n`,
    );
    process.exitCode = 2;
  } else if (error instanceof RowError || error instanceof CommandError) {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
