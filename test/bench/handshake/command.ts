/** `npm run bench -- handshake`: contexts established per second, box to box. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { describeMachine } from '../machine.ts';
import { benchHandshake, type HandshakeResult, type SideResult } from './bench.ts';

export const HANDSHAKE_USAGE = `usage: bench handshake [--contexts N] [--window N] [--json FILE]
  --contexts N  contexts to establish (default 100000)
  --window N    handshakes under way at once (default 64)
  --json FILE   write the figures and the machine`;

const MOST_CONTEXTS = 4_000_000;

/** Throws UsageError, RowError and CommandError. */
export async function runHandshake(
  words: readonly string[],
  progress: (line: string) => void,
): Promise<void> {
  const { contexts, window, json } = parse(words);
  const result = await benchHandshake({ contexts, window, progress });
  progress('');
  console.log(`\n${describe(result)}`);
  if (json === undefined) return;
  const command = ['npm run bench --', 'handshake', ...words].join(' ');
  const document = { date: new Date().toISOString(), command, machine: describeMachine(), ...result };
  writeFileSync(json, `${JSON.stringify(document, undefined, 2)}\n`);
}

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ args: [...words], options: { contexts: text, window: text, json: text } });
    return {
      contexts: wholeNumber('contexts', values.contexts ?? '100000', MOST_CONTEXTS),
      window: wholeNumber('window', values.window ?? '64', 10_000),
      json: values.json,
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as TypeError).message);
  }
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 10 && value <= most) return value;
  throw new UsageError(`--${name} ${JSON.stringify(text)} is not a whole number from 10 to ${most}`);
}

function describe({ contexts, window, perSecond, initiator, responder }: HandshakeResult): string {
  const rate = [perSecond.median, perSecond.lowest, perSecond.highest].map(Math.round);
  const side = (name: string, { processor, memory, delay99, delayWorst }: SideResult) =>
    `${name.padEnd(10)} ${processor.toFixed(0).padStart(6)} µs of processor a context (${Math.round(1e6 / processor)} a second of it), ` +
    `${memory.toFixed(0)} octets; ` +
    `event loop late by ${delay99.toFixed(1)} ms (99th percentile), ${delayWorst.toFixed(0)} ms at worst`;
  return [
    `${contexts} contexts, ${window} handshakes at once, RSA-2048, a processor for each box:`,
    `${rate[0]} a second (median tenth; ${rate[1]} to ${rate[2]})`,
    side('initiator', initiator),
    side('responder', responder),
  ].join('\n');
}
