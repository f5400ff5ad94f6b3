/** Finds modifiers in a thread of its own: Sec 1 takes about 2^16 hashes each, Sec 2 about 2^32 (RFC 3972 §4). */
import { Worker } from 'node:worker_threads';
import type { Miner, MiningJob } from '../site/modifier-pool.ts';

export interface MinerTask extends MiningJob {
  readonly id: number;
}

export interface MinerFinding {
  readonly id: number;
  readonly modifier: Uint8Array;
}

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './modifier-miner-worker.ts' : './modifier-miner-worker.js',
  import.meta.url,
);

export class ModifierMiner implements Miner {
  readonly #waiting = new Map<number, { found: (modifier: Uint8Array) => void; left: number }>();
  readonly #onFailure: (error: Error) => void;
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(onFailure: (error: Error) => void) {
    this.#onFailure = onFailure;
  }

  mine(job: MiningJob, onFound: (modifier: Uint8Array) => void): void {
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    this.#waiting.set(id, { found: onFound, left: job.count });
    this.#worker.postMessage({ ...job, id } satisfies MinerTask);
  }

  async close(): Promise<void> {
    this.#waiting.clear();
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(WORKER);
    worker.on('message', ({ id, modifier }: MinerFinding) => {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) return;
      if (--waiting.left === 0) this.#waiting.delete(id);
      waiting.found(modifier);
    });
    worker.on('error', (error) => this.#onFailure(error as Error));
    // The pool is no reason to keep the process.
    worker.unref();
    return worker;
  }
}
