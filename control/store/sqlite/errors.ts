/** What SQLite reports, as StoreErrors. Codes: https://www.sqlite.org/rescode.html */
import { StoreConflictError, StoreError, type StoreErrorCode } from '../store.ts';

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  readonly errcode: number;
}

/** By primary result code. */
const MEANINGS: ReadonlyMap<number, readonly [StoreErrorCode, string]> = new Map([
  [3, ['permission', 'permission denied']],
  [5, ['busy', 'another process has it open; two boxes need two stores']],
  [8, ['permission', 'cannot be written: the file or its file system is read-only']],
  [10, ['io', 'the disk failed']],
  [11, ['corrupt', 'is damaged']],
  [13, ['full', 'the disk is full: nothing was written. Make room; what waits is tried again']],
  [14, ['permission', 'cannot be opened; does its directory exist, and may it be written?']],
  [26, ['corrupt', 'is no SQLite database']],
]);
const CONSTRAINT = 19;

const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error && (error as Partial<SqliteError>).code === 'ERR_SQLITE_ERROR';

/** `error` as a StoreError; throws it again when it is none of SQLite's or the file system's. */
export function storeError(path: string, error: unknown, advice?: string): StoreError {
  if (error instanceof StoreError) return error;
  if (!isSqliteError(error)) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const kind = code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : code === 'EIO' ? 'io' : 'permission';
    return new StoreError(kind, path, `${syscall} failed (${code})`);
  }
  const primary = error.errcode & 0xff;
  if (primary === CONSTRAINT) return new StoreConflictError(path, error.message);
  const [code, text] = MEANINGS.get(primary) ?? ['io', `SQLite error ${error.errcode}`];
  const more = code === 'corrupt' && advice !== undefined ? `. ${advice}` : ` (${error.message})`;
  return new StoreError(code, path, text + more);
}
