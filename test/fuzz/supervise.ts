/** Starts the fuzzing thread and watches that it gets on. */
import { Worker } from 'node:worker_threads';
import type { Finding, Limits, Outcome, Progress } from './engine.ts';
import type { Order, Report } from './worker.ts';

/** Inputs are shorter, see the targets. */
const CURRENT_LENGTH = 8 + 65_536;
const MEGABYTES = 512;

export interface FuzzOptions {
  readonly seed: number;
  readonly limits: Limits;
  /** Milliseconds that one input may take. */
  readonly patience?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/** The thread ended without an outcome. */
export class FuzzThreadError extends Error {
  constructor(module: string, code: number) {
    super(`the fuzzing thread for ${module} ended with code ${code} and no outcome`);
    this.name = 'FuzzThreadError';
  }
}

/** `module` exports a target. Rejects when the harness itself fails; what the target does wrong is in the outcome. */
export async function supervise(module: string, options: FuzzOptions): Promise<Outcome> {
  const { seed, limits, patience = 10_000, onProgress } = options;
  const current = new SharedArrayBuffer(CURRENT_LENGTH);
  const workerData: Order = { module, seed, limits, current };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
  });
  let progress: Progress = { runs: 0, corpus: 0, reached: 0 };
  const finished = new Promise<Outcome>((resolve, reject) => {
    worker.on('message', (report: Report) => {
      if ('outcome' in report) return resolve(report.outcome);
      progress = report.progress;
      onProgress?.(progress);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new FuzzThreadError(module, code)));
  });
  const stuck = watch(current, patience);
  try {
    const finding = await Promise.race([finished, stuck.found]);
    return 'runs' in finding ? finding : { ...progress, finding };
  } finally {
    stuck.stop();
    await worker.terminate();
  }
}

/** Finds an input that is still under way after `patience` milliseconds. */
function watch(
  current: SharedArrayBuffer,
  patience: number,
): { readonly found: Promise<Finding>; stop(): void } {
  const [word, octets] = [new Int32Array(current, 0, 2), new Uint8Array(current, 8)];
  const found = Promise.withResolvers<Finding>();
  let seen = 0;
  const timer = setInterval(() => {
    const number = Atomics.load(word, 0);
    if (number !== 0 && number === seen) {
      found.resolve({ input: octets.slice(0, word[1]), error: `not done after ${patience} ms` });
    }
    seen = number;
  }, patience);
  return { found: found.promise, stop: () => clearInterval(timer) };
}
