/** Fuzzes on a thread of its own, so that an input that never ends can be told and stopped. */
import { parentPort, workerData } from 'node:worker_threads';
import { BlockCoverage } from './coverage.ts';
import { fuzz, type Limits, type Outcome, type Progress } from './engine.ts';
import { loadTarget } from './targets.ts';

export interface Order {
  /** URL. */
  readonly module: string;
  readonly seed: number;
  readonly limits: Limits;
  /** The input under way: its number (32 bits, from 1), its length, its octets. */
  readonly current: SharedArrayBuffer;
}

export type Report = { readonly progress: Progress } | { readonly outcome: Outcome };

const { module, seed, limits, current } = workerData as Order;
const [word, octets] = [new Int32Array(current, 0, 2), new Uint8Array(current, 8)];
const post = (report: Report): void => parentPort!.postMessage(report);

const coverage = new BlockCoverage();
coverage.start();
const target = await loadTarget(module);
if (target.watched !== undefined) coverage.watched = target.watched;
let toldAt = performance.now();
const outcome = fuzz(target, coverage, seed, limits, {
  started(input) {
    octets.set(input.subarray(0, octets.length));
    word[1] = Math.min(input.length, octets.length);
    Atomics.add(word, 0, 1);
  },
  progressed(progress) {
    if (performance.now() - toldAt < 500) return;
    toldAt = performance.now();
    post({ progress });
  },
});
coverage.stop();
post({ outcome });
