/** Coverage-guided fuzzing of one target: what reaches new code is kept and changed further. */
import { SeededRandom } from '../shim6/random.ts';
import type { BlockCoverage } from './coverage.ts';
import { below, choose, join, mutate } from './mutate.ts';
import type { Target } from './target.ts';

export interface Limits {
  /** Milliseconds. */
  readonly time: number;
  readonly runs: number;
}

export interface Finding {
  readonly input: Uint8Array;
  /** The stack of what was thrown. */
  readonly error: string;
}

export interface Progress {
  readonly runs: number;
  readonly corpus: number;
  /** Characters of code. */
  readonly reached: number;
}

export interface Outcome extends Progress {
  readonly finding: Finding | undefined;
}

export interface Observer {
  /** Before an input runs, so that one that never ends is known. */
  started(input: Uint8Array): void;
  progressed(progress: Progress): void;
}

/** Taking coverage costs as much as hundreds of runs of a small decoder. */
const BATCH = 32;
const MAXIMUM_CORPUS = 1_000;
/** Half of the runs change one of the newest: what was just reached leads on. */
const RECENT = 8;
const MINIMIZING_RUNS = 2_000;

/** Runs seeds, then changed inputs, until a limit or the first finding, which is made smaller. */
export function fuzz(
  target: Target,
  coverage: BlockCoverage,
  seed: number,
  limits: Limits,
  observer: Observer,
): Outcome {
  const random = new SeededRandom(seed);
  const corpus: Uint8Array[] = [];
  const end = performance.now() + limits.time;
  let runs = 0;
  const run = (input: Uint8Array): string | undefined => {
    runs++;
    observer.started(input);
    try {
      target.run(input);
      return undefined;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : `threw ${String(error)}`;
    }
  };
  const keep = (input: Uint8Array): void => {
    if (corpus.length < MAXIMUM_CORPUS) corpus.push(input);
    else corpus[below(random, corpus.length)] = input;
  };
  const progress = (): Progress => ({ runs, corpus: corpus.length, reached: coverage.size });
  const outcome = (input: Uint8Array, error: string): Outcome => {
    const smaller = minimize(input, (candidate) => run(candidate) !== undefined);
    return { ...progress(), finding: { input: smaller, error: run(smaller) ?? error } };
  };

  for (const input of target.seeds()) {
    const error = run(input);
    if (error !== undefined) return outcome(input, error);
    coverage.takeNew();
    corpus.push(input);
  }
  while (runs < limits.runs && performance.now() < end) {
    const batch: Uint8Array[] = [];
    while (batch.length < BATCH) {
      const recent = below(random, 2) === 0 ? corpus.slice(-RECENT) : corpus;
      const input = mutate(random, target, choose(random, recent), choose(random, corpus));
      const error = run(input);
      if (error !== undefined) return outcome(input, error);
      batch.push(input);
    }
    for (const input of contributors(coverage, batch, run)) keep(input);
    observer.progressed(progress());
  }
  return { ...progress(), finding: undefined };
}

/** The inputs of a batch that reached new code: all of them where running them again does not tell. */
function contributors(
  coverage: BlockCoverage,
  batch: readonly Uint8Array[],
  run: (input: Uint8Array) => unknown,
): readonly Uint8Array[] {
  if (coverage.takeNew() === 0) return [];
  const found = batch.filter((input) => {
    run(input);
    return coverage.claim();
  });
  return found.length > 0 ? found : batch;
}

/** Leaves out stretches, long ones first, while `fails` still holds. */
function minimize(input: Uint8Array, fails: (candidate: Uint8Array) => boolean): Uint8Array {
  let smallest = input;
  let runs = 0;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let start = 0; start < smallest.length && runs++ < MINIMIZING_RUNS; ) {
      const candidate = join(smallest.subarray(0, start), smallest.subarray(start + size));
      if (fails(candidate)) smallest = candidate;
      else start += size;
    }
  }
  return smallest;
}
