/**
 * usage: npm run fuzz -- TARGET [--time S] [--seed N] [--findings DIRECTORY]
 *        npm run fuzz -- TARGET --replay FILE
 *        npm run fuzz -- datapath [--cases N] [--seed N]    (the XDP programs against a model: test/model/)
 * Fuzzes for S seconds (default 60). What it finds is written to a file; exit status 1 then, 2 for a wrong usage.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Finding } from './engine.ts';
import { supervise } from './supervise.ts';
import { isTargetName, loadTarget, type TargetName, targetModule, targetNames } from './targets.ts';

function usage(mistake: string): never {
  console.error(`${mistake}\nusage: npm run fuzz -- TARGET [--time S] [--seed N] [--findings DIRECTORY]`);
  console.error(`       npm run fuzz -- TARGET --replay FILE\ntargets: ${targetNames.join(' ')} datapath`);
  process.exit(2);
}

if (process.argv[2] === 'datapath') {
  const { fuzzDataPath } = await import('../model/main.ts');
  process.exit(fuzzDataPath(process.argv.slice(3)));
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        time: { type: 'string', default: '60' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        findings: { type: 'string', default: join(tmpdir(), 'pshim6-fuzz') },
        replay: { type: 'string' },
      },
    });
  } catch (error) {
    return usage((error as Error).message);
  }
}

function saved(directory: string, name: TargetName, { input }: Finding): string {
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = join(directory, `${name}-${digest}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, input);
  return file;
}

const { values, positionals } = readArguments();
const [name = ''] = positionals;
if (positionals.length !== 1 || !isTargetName(name))
  usage(`not a target: ${positionals.join(' ') || 'none given'}`);
const [seconds, seed] = [Number(values.time), Number(values.seed)];
if (!(seconds > 0)) usage(`--time ${values.time} is not a number of seconds`);
if (!Number.isInteger(seed)) usage(`--seed ${values.seed} is not a whole number`);

if (values.replay !== undefined) {
  const target = await loadTarget(targetModule(name));
  target.run(readFileSync(values.replay));
  console.log(`${name}: holds: ${target.invariant}`);
} else {
  const started = performance.now();
  const outcome = await supervise(targetModule(name), {
    seed,
    limits: { time: seconds * 1_000, runs: Number.POSITIVE_INFINITY },
    onProgress({ runs, corpus, reached }) {
      const elapsed = (performance.now() - started) / 1_000;
      const rate = Math.round(runs / elapsed);
      const line = `${name} ${elapsed.toFixed(0)} s, ${runs} runs, ${rate}/s, ${corpus} kept, ${reached} characters`;
      process.stdout.write(process.stdout.isTTY ? `\r${line}\u001b[K` : '');
    },
  });
  if (process.stdout.isTTY) process.stdout.write('\n');
  const { runs, corpus, reached, finding } = outcome;
  console.log(
    `${name}: seed ${seed}, ${runs} runs, ${corpus} inputs kept, ${reached} characters of code reached`,
  );
  if (finding !== undefined) {
    const file = saved(values.findings, name, finding);
    console.error(`${finding.error}\n\n${finding.input.length} octets in ${file}`);
    console.error(`again: npm run fuzz -- ${name} --replay ${file}`);
    process.exitCode = 1;
  }
}
