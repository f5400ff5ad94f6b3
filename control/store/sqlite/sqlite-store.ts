/**
 * The store of a single box: an SQLite file, written by a thread of its own, because waiting for the disk takes
 * milliseconds and the box has packets to see to.
 */
import { Worker } from 'node:worker_threads';
import { type Change, type Store, StoreConflictError, type StoreContents, StoreError } from '../store.ts';
import type { DatabaseOptions } from './database.ts';
import type { Failure, Reply, Request, StoreWorkerData } from './worker.ts';

interface Waiting {
  readonly done: (reply: Reply) => void;
  readonly failed: (error: StoreError) => void;
}

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
const OPENING = 0;

type Question = Request extends infer Kind ? (Kind extends Request ? Omit<Kind, 'id'> : never) : never;

export class SqliteStore implements Store {
  readonly path: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  /** For the worker, by the end of this turn of the event loop: a message of its own for each costs more than they do. */
  #unposted: Request[] = [];
  #lastId = OPENING;
  #closed = false;

  /** Opens the file, or makes it where there is none. Rejects with StoreError, saying what to do. */
  static async open(path: string, options: DatabaseOptions = {}): Promise<SqliteStore> {
    const store = new SqliteStore(path, options);
    await store.#answer(OPENING);
    // The process may end while the store is open: everything acknowledged is on the disk.
    store.#worker.unref();
    return store;
  }

  private constructor(path: string, options: DatabaseOptions) {
    this.path = path;
    this.#worker = new Worker(WORKER, { workerData: { path, options } satisfies StoreWorkerData });
    this.#worker.on('message', (replies: readonly Reply[]) => this.#take(replies));
    this.#worker.on('error', (error) => this.#end(`its worker failed: ${error.message}`));
    this.#worker.on('exit', () => this.#end('it is closed'));
  }

  async contents(): Promise<StoreContents> {
    const reply = await this.#ask({ kind: 'contents' });
    return 'contents' in reply ? reply.contents : Promise.reject(this.#error(reply.failure!));
  }

  async commit(changes: readonly Change[]): Promise<void> {
    await this.#ask({ kind: 'commit', changes });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const ended = this.#ask({ kind: 'close' });
    this.#closed = true;
    await ended;
  }

  #ask(question: Question): Promise<Reply> {
    if (this.#closed) return Promise.reject(new StoreError('closed', this.path, 'it is closed'));
    const id = ++this.#lastId;
    if (this.#unposted.length === 0) setImmediate(() => this.#post());
    this.#unposted.push({ ...question, id } as Request);
    return this.#answer(id);
  }

  #post(): void {
    this.#worker.postMessage(this.#unposted);
    this.#unposted = [];
  }

  #answer(id: number): Promise<Reply> {
    // Whoever waits for an answer keeps the process alive.
    if (this.#waiting.size === 0) this.#worker.ref();
    return new Promise((done, failed) => this.#waiting.set(id, { done, failed }));
  }

  #take(replies: readonly Reply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('failure' in reply && reply.failure !== undefined) waiting?.failed(this.#error(reply.failure));
      else waiting?.done(reply);
    }
    if (this.#waiting.size === 0) this.#worker.unref();
  }

  #error({ code, detail }: Failure): StoreError {
    return code === 'conflict'
      ? new StoreConflictError(this.path, detail)
      : new StoreError(code, this.path, detail);
  }

  #end(reason: string): void {
    this.#closed = true;
    for (const { failed } of this.#waiting.values()) failed(new StoreError('closed', this.path, reason));
    this.#waiting.clear();
  }
}
