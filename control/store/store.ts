/**
 * The store of a site, whatever keeps it: one box's file, or something that several boxes share. It is read once, at the
 * start, and then only written: who needs the records holds them.
 */
import type { Keys, Records, TableName } from './records.ts';

/** A record written, in the place of one with the same key if there is one, or removed, if it is there. */
export type Change = {
  [Table in TableName]:
    | { readonly table: Table; readonly put: Records[Table] }
    | { readonly table: Table; readonly remove: Keys[Table] };
}[TableName];

export type StoreContents = { readonly [Table in TableName]: readonly Records[Table][] };

export interface Store {
  /** All records, as of the last commit. Rejects with StoreError. */
  contents(): Promise<StoreContents>;
  /**
   * Makes all of `changes`, in their order, or none of them. Once it has resolved they survive the end of the process
   * and of the machine's power. Rejects with StoreError; StoreConflictError when an address would have two owners.
   */
  commit(changes: readonly Change[]): Promise<void>;
  /** What was committed before is durable; what is committed after is rejected. */
  close(): Promise<void>;
}

/**
 * - `missing`, `corrupt`, `version`, `busy`, `permission`: the store cannot be opened.
 * - `full`, `io`: the medium does not take what is to be written; nothing of it was.
 * - `conflict`: an address has another owner already, or is in quarantine.
 * - `closed`: the store was closed, or its worker ended.
 */
export type StoreErrorCode =
  | 'missing'
  | 'corrupt'
  | 'version'
  | 'busy'
  | 'permission'
  | 'full'
  | 'io'
  | 'conflict'
  | 'closed';

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly path: string;
  constructor(code: StoreErrorCode, path: string, detail: string) {
    super(`store ${path}: ${detail}`);
    this.name = 'StoreError';
    this.code = code;
    this.path = path;
  }
}

export class StoreConflictError extends StoreError {
  constructor(path: string, detail: string) {
    super('conflict', path, detail);
    this.name = 'StoreConflictError';
  }
}
