/**
 * usage: npm run fuzz -- datapath [--cases N] [--seed N]
 * Runs N random frames (default 1,000,000) through the XDP programs and through the reference model. Exit status 1, and
 * the frame, when they disagree; 2 for a wrong usage.
 */
import { parseArgs } from 'node:util';
import { Comparison } from './compare.ts';

/** Cases between two lines of progress. */
const PORTION = 100_000;
/** Seeds are those of batches: portions must not share them. */
const SEEDS_PER_PORTION = 1_000;

export function fuzzDataPath(words: readonly string[]): number {
  let values: { cases: string; seed: string };
  try {
    values = parseArgs({
      args: [...words],
      options: {
        cases: { type: 'string', default: '1000000' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 30) },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: npm run fuzz -- datapath [--cases N] [--seed N]`);
    return 2;
  }
  const [cases, seed] = [Number(values.cases), Number(values.seed)];
  if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
    console.error(
      '--cases and --seed are whole numbers\nusage: npm run fuzz -- datapath [--cases N] [--seed N]',
    );
    return 2;
  }
  const comparison = new Comparison();
  try {
    for (let done = 0, portion = 0; done < cases; done += PORTION, portion++) {
      const found = comparison.run(seed + portion * SEEDS_PER_PORTION, Math.min(PORTION, cases - done));
      if (found !== undefined) {
        console.error(JSON.stringify(found, undefined, 2));
        return 1;
      }
      console.log(
        `${Math.min(cases, done + PORTION)} of ${cases} frames, seed ${seed}: programs and model agree`,
      );
    }
    for (const [outcome, times] of [...comparison.outcomes].sort())
      console.log(`${String(times).padStart(9)}  ${outcome}`);
    return 0;
  } finally {
    comparison.close();
  }
}

if (import.meta.main) process.exitCode = fuzzDataPath(process.argv.slice(2));
