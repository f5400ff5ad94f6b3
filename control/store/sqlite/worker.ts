/** The thread that waits for the disk: commits that come while one is being written share the next transaction. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Reader } from '../../wire/octets.ts';
import type { StoreContents, StoreErrorCode } from '../store.ts';
import { StoreError } from '../store.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { type RowChange, readBatch } from './rows.ts';

/** They are done, and answered, in their order. */
export type Request =
  | { readonly kind: 'contents' | 'close' }
  /** One batch after another, each as writeBatch of rows.ts has it. */
  | { readonly kind: 'commit'; readonly batches: Uint8Array };

type Work =
  | { readonly kind: 'contents' | 'close' }
  | { readonly kind: 'commit'; readonly batch: readonly RowChange[] };
type Commit = Extract<Work, { kind: 'commit' }>;

export interface StoreWorkerData {
  readonly path: string;
  readonly options: DatabaseOptions;
}

export interface Failure {
  readonly code: StoreErrorCode;
  /** The error's text without the path. */
  readonly detail: string;
}

export type Reply =
  | { readonly contents: StoreContents }
  /** Of so many commits; `failures` are of those that their index tells. */
  | {
      readonly commits: number;
      readonly failures: readonly { readonly index: number; readonly failure: Failure }[];
    }
  /** Of the opening, which is answered first, of 'close', and of 'contents' that cannot be had. */
  | { readonly failure: Failure | undefined };

/** Batches of one transaction: a client in need waits for no more than these. */
const MOST_BATCHES = 1024;

const port = parentPort!;
const reply = (message: Reply) => port.postMessage(message);
const { path, options } = workerData as StoreWorkerData;

const failureOf = (error: StoreError): Failure => ({
  code: error.code,
  detail: error.message.slice(`store ${path}: `.length),
});

function openDatabase(): Database | undefined {
  try {
    const database = new Database(path, options);
    reply({ failure: undefined });
    return database;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    reply({ failure: failureOf(error) });
    port.close();
    return undefined;
  }
}

const database = openDatabase();

port.on('message', (request: Request) => {
  if (database === undefined) return;
  for (let waiting = [...workOf(request), ...others()]; waiting.length > 0; waiting.push(...others())) {
    const end = waiting.slice(0, MOST_BATCHES).findIndex(({ kind }) => kind !== 'commit');
    const commits = waiting.splice(0, end < 0 ? MOST_BATCHES : end) as Commit[];
    if (commits.length > 0) commit(database, commits);
    else serve(database, waiting.shift() as Exclude<Work, Commit>);
  }
});

function workOf(request: Request): Work[] {
  if (request.kind !== 'commit') return [request];
  const reader = new Reader(request.batches, 'batches');
  const work: Work[] = [];
  while (reader.remaining > 0) work.push({ kind: 'commit', batch: readBatch(reader) });
  return work;
}

/** Work that came while the disk was waited for. */
function others(): Work[] {
  const found: Work[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    found.push(...workOf(next.message as Request));
  return found;
}

function commit(store: Database, commits: readonly Commit[]): void {
  let results: readonly (StoreError | undefined)[];
  try {
    results = store.commit(commits.map(({ batch }) => batch));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    results = commits.map(() => error);
  }
  const failures = results.flatMap((error, index) => (error ? { index, failure: failureOf(error) } : []));
  reply({ commits: commits.length, failures });
}

function serve(store: Database, { kind }: Exclude<Work, Commit>): void {
  if (kind === 'contents') {
    try {
      reply({ contents: store.contents() });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      reply({ failure: failureOf(error) });
    }
    return;
  }
  store.close();
  reply({ failure: undefined });
  port.close();
}
