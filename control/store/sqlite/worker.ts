/** The thread that waits for the disk: commits that come while one is being written share the next transaction. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Change, StoreContents, StoreErrorCode } from '../store.ts';
import { StoreError } from '../store.ts';
import { Database, type DatabaseOptions } from './database.ts';

export type Request =
  | { readonly id: number; readonly kind: 'contents' | 'close' }
  | { readonly id: number; readonly kind: 'commit'; readonly changes: readonly Change[] };

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
const { path, options } = workerData as StoreWorkerData;

const failureOf = (error: StoreError): Failure => ({
  code: error.code,
  detail: error.message.slice(`store ${path}: `.length),
});

/** The request id 0 is the opening itself. */
function openDatabase(): Database | undefined {
  try {
    const database = new Database(path, options);
    port.postMessage({ id: 0, failure: undefined } satisfies Reply);
    return database;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    port.postMessage({ id: 0, failure: failureOf(error) } satisfies Reply);
    port.close();
    return undefined;
  }
}

const database = openDatabase();

port.on('message', (first: Request) => {
  if (database === undefined) return;
  for (let request: Request | undefined = first; request !== undefined; ) {
    const commits: Extract<Request, { kind: 'commit' }>[] = [];
    while (request?.kind === 'commit') {
      commits.push(request);
      request = commits.length < MOST_BATCHES ? nextRequest() : undefined;
    }
    if (commits.length > 0) commit(database, commits);
    if (request !== undefined) {
      serve(database, request);
      request = nextRequest();
    }
  }
});

const nextRequest = () => receiveMessageOnPort(port)?.message as Request | undefined;

function commit(store: Database, requests: readonly Extract<Request, { kind: 'commit' }>[]): void {
  let results: readonly (StoreError | undefined)[];
  try {
    results = store.commit(requests.map(({ changes }) => changes));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    results = requests.map(() => error);
  }
  for (const [index, { id }] of requests.entries()) {
    const failure = results[index];
    port.postMessage({ id, failure: failure && failureOf(failure) } satisfies Reply);
  }
}

function serve(store: Database, { id, kind }: Request): void {
  if (kind === 'contents') {
    try {
      port.postMessage({ id, contents: store.contents() } satisfies Reply);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      port.postMessage({ id, failure: failureOf(error) } satisfies Reply);
    }
    return;
  }
  store.close();
  port.postMessage({ id, failure: undefined } satisfies Reply);
  port.close();
}
