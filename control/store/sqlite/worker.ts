/** The thread that waits for the disk: commits that come while one is being written share the next transaction. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Change, StoreContents, StoreErrorCode } from '../store.ts';
import { StoreError } from '../store.ts';
import { Database, type DatabaseOptions } from './database.ts';

export type Request =
  | { readonly id: number; readonly kind: 'contents' | 'close' }
  | { readonly id: number; readonly kind: 'commit'; readonly changes: readonly Change[] };

type Commit = Extract<Request, { kind: 'commit' }>;

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
  | { readonly id: number; readonly contents: StoreContents }
  | { readonly id: number; readonly failure: Failure | undefined };

/** Batches of one transaction: a client in need waits for no more than these. */
const MOST_BATCHES = 1024;

const port = parentPort!;
const reply = (...replies: Reply[]) => port.postMessage(replies);
const { path, options } = workerData as StoreWorkerData;

const failureOf = (error: StoreError): Failure => ({
  code: error.code,
  detail: error.message.slice(`store ${path}: `.length),
});

/** The request id 0 is the opening itself. */
function openDatabase(): Database | undefined {
  try {
    const database = new Database(path, options);
    reply({ id: 0, failure: undefined });
    return database;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    reply({ id: 0, failure: failureOf(error) });
    port.close();
    return undefined;
  }
}

const database = openDatabase();

port.on('message', (requests: readonly Request[]) => {
  if (database === undefined) return;
  for (let waiting = [...requests, ...others()]; waiting.length > 0; waiting = [...waiting, ...others()]) {
    const end = waiting.slice(0, MOST_BATCHES).findIndex(({ kind }) => kind !== 'commit');
    const commits = waiting.splice(0, end < 0 ? MOST_BATCHES : end) as Commit[];
    if (commits.length > 0) commit(database, commits);
    else serve(database, waiting.shift() as Exclude<Request, Commit>);
  }
});

/** Requests that came while the disk was waited for. */
function others(): Request[] {
  const found: Request[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    found.push(...(next.message as readonly Request[]));
  return found;
}

function commit(store: Database, requests: readonly Commit[]): void {
  let results: readonly (StoreError | undefined)[];
  try {
    results = store.commit(requests.map(({ changes }) => changes));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    results = requests.map(() => error);
  }
  reply(
    ...requests.map(({ id }, index) => {
      const failure = results[index];
      return { id, failure: failure && failureOf(failure) };
    }),
  );
}

function serve(store: Database, { id, kind }: Exclude<Request, Commit>): void {
  if (kind === 'contents') {
    try {
      reply({ id, contents: store.contents() });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      reply({ id, failure: failureOf(error) });
    }
    return;
  }
  store.close();
  reply({ id, failure: undefined });
  port.close();
}
