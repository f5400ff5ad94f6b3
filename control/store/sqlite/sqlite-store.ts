/**
 * The store of a single box: an SQLite file, written by a thread of its own, because waiting for the disk takes
 * milliseconds and the box has packets to see to.
 */
import { Worker } from 'node:worker_threads';
import { Writer } from '../../wire/octets.ts';
import { type Change, type Store, StoreConflictError, type StoreContents, StoreError } from '../store.ts';
import type { DatabaseOptions } from './database.ts';
import { writeBatch } from './rows.ts';
import type { Failure, Reply, Request, StoreWorkerData } from './worker.ts';

type Answer = Exclude<Reply, { commits: number }>;

interface Waiting {
  readonly done: (answer: Answer) => void;
  readonly failed: (error: StoreError) => void;
}

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
/** Octets: of some dozens of leases. */
const FIRST_ROOM = 16_384;
const DONE: Answer = { failure: undefined };

export class SqliteStore implements Store {
  readonly path: string;
  readonly #worker: Worker;
  /** In the order of the worker's replies, which is that of the requests. */
  #waiting: Waiting[] = [];
  /** Batches for the worker by the end of this turn of the event loop: a message for each costs more than they do. */
  #batches: Writer | undefined;
  #closed = false;

  /** Opens the file, or makes it where there is none. Rejects with StoreError, saying what to do. */
  static async open(path: string, options: DatabaseOptions = {}): Promise<SqliteStore> {
    const store = new SqliteStore(path, options);
    await store.#answer();
    // The process may end while the store is open: everything acknowledged is on the disk.
    store.#worker.unref();
    return store;
  }

  private constructor(path: string, options: DatabaseOptions) {
    this.path = path;
    this.#worker = new Worker(WORKER, { workerData: { path, options } satisfies StoreWorkerData });
    this.#worker.on('message', (reply: Reply) => this.#take(reply));
    this.#worker.on('error', (error) => this.#end(`its worker failed: ${error.message}`));
    this.#worker.on('exit', () => this.#end('it is closed'));
  }

  async contents(): Promise<StoreContents> {
    const answer = await this.#ask('contents');
    return (answer as Extract<Answer, { contents: StoreContents }>).contents;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    this.#refuseIfClosed();
    if (this.#batches === undefined) {
      this.#batches = new Writer(FIRST_ROOM);
      setImmediate(() => this.#postBatches());
    }
    const before = this.#batches.length;
    try {
      writeBatch(this.#batches, changes);
    } catch (error) {
      this.#batches.truncate(before);
      throw error;
    }
    await this.#answer();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const ended = this.#ask('close');
    this.#closed = true;
    await ended;
  }

  async #ask(kind: 'contents' | 'close'): Promise<Answer> {
    this.#refuseIfClosed();
    this.#postBatches();
    this.#post({ kind });
    return this.#answer();
  }

  #postBatches(): void {
    const batches = this.#batches?.finish();
    this.#batches = undefined;
    if (batches !== undefined && batches.length > 0)
      this.#post({ kind: 'commit', batches }, [batches.buffer]);
  }

  #post(request: Request, moved: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, moved);
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new StoreError('closed', this.path, 'it is closed');
  }

  #answer(): Promise<Answer> {
    // Whoever waits for an answer keeps the process alive.
    if (this.#waiting.length === 0) this.#worker.ref();
    return new Promise((done, failed) => this.#waiting.push({ done, failed }));
  }

  #take(reply: Reply): void {
    const isOfCommits = 'commits' in reply;
    const answered = this.#waiting.splice(0, isOfCommits ? reply.commits : 1);
    const failures = new Map(
      isOfCommits ? reply.failures.map(({ index, failure }) => [index, this.#error(failure)]) : [],
    );
    if (!isOfCommits && 'failure' in reply && reply.failure !== undefined)
      failures.set(0, this.#error(reply.failure));
    for (const [index, { done, failed }] of answered.entries()) {
      const failure = failures.get(index);
      if (failure === undefined) done(isOfCommits ? DONE : reply);
      else failed(failure);
    }
    if (this.#waiting.length === 0) this.#worker.unref();
  }

  #error({ code, detail }: Failure): StoreError {
    return code === 'conflict'
      ? new StoreConflictError(this.path, detail)
      : new StoreError(code, this.path, detail);
  }

  #end(reason: string): void {
    this.#closed = true;
    for (const { failed } of this.#waiting.splice(0)) failed(new StoreError('closed', this.path, reason));
  }
}
