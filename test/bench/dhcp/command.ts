/** `npm run bench -- dhcp`: four-way exchanges a second, beside Kea; CGA modifiers a second. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { describeMachine } from '../machine.ts';
import { median } from '../statistics.ts';
import { benchDhcp, type DhcpRates } from './bench.ts';
import { type ModifierRate, modifierRates } from './modifiers.ts';

export const DHCP_USAGE = `usage: bench dhcp [--rounds N] [--seconds N] [--json FILE]
  --rounds N    rounds of both servers (default 1)
  --seconds N   for each rate that is tried (default 3)
  --json FILE   write the figures and the machine`;

const MODIFIER_TIME = 2_000;

/** Throws UsageError, RowError and CommandError. */
export async function runDhcp(words: readonly string[], progress: (line: string) => void): Promise<void> {
  const { rounds, seconds, json } = parse(words);
  if (process.getuid?.() !== 0) throw new UsageError('needs root: it makes network namespaces');
  const publicKey = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  }).publicKey;
  const rates = await benchDhcp({ rounds, seconds, progress });
  const modifiers = modifierRates(publicKey, MODIFIER_TIME);
  progress('');
  console.log(`\n${describe(rates, modifiers)}`);
  if (json === undefined) return;
  const command = ['npm run bench --', 'dhcp', ...words].join(' ');
  const document = { date: new Date().toISOString(), command, machine: describeMachine(), rates, modifiers };
  writeFileSync(json, `${JSON.stringify(document, undefined, 2)}\n`);
}

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ args: [...words], options: { rounds: text, seconds: text, json: text } });
    return {
      rounds: wholeNumber('rounds', values.rounds ?? '1'),
      seconds: wholeNumber('seconds', values.seconds ?? '3'),
      json: values.json,
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as TypeError).message);
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 60) return value;
  throw new UsageError(`--${name} ${JSON.stringify(text)} is not a whole number from 1 to 60`);
}

function describe({ pshim6, kea }: DhcpRates, modifiers: readonly ModifierRate[]): string {
  const rate = (values: readonly number[]) => Math.round(median(values)).toString().padStart(8);
  return [
    'DHCPv6, four-way exchanges a second with less than 1 % dropped:',
    `pshim6 (the daemon; every lease on the disk first) ${rate(pshim6)}`,
    `Kea (memfile, not forced to the disk)              ${rate(kea)}`,
    `pshim6 / Kea                                       ${(median(pshim6) / median(kea)).toFixed(2).padStart(8)}`,
    '',
    'CGA modifiers a second and core, RSA-2048, and what SHA-1 alone would allow:',
    ...modifiers.map(
      ({ sec, rate: found, bound }) =>
        `Sec ${sec}  ${found.toPrecision(3).padStart(10)}  ${bound.toPrecision(3).padStart(10)}`,
    ),
  ].join('\n');
}
