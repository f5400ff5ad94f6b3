/**
 * The store's database file, used by one process at a time, synchronously. RFC 8415 lets a Reply go out only when what
 * it says will be remembered, hence WAL with synchronous=FULL: COMMIT returns when the log is on the disk.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Records, TableName } from '../records.ts';
import { type StoreContents, StoreError } from '../store.ts';
import { storeError } from './errors.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import type { RowChange } from './rows.ts';
import { type Row, TABLE_NAMES, TABLES } from './tables.ts';

export interface DatabaseOptions {
  /**
   * Length of the log, in pages, at which it is copied into the file. Addresses are hashes: each lease writes to other
   * pages than the one before, and a page that is written often is copied once. With 32 MiB of log a lease takes SQLite
   * about 65 µs, with 4 MiB 100 (30,000 leases on top of as many, 16 a commit); they are read back in a moment.
   */
  readonly checkpointPages?: number;
}

interface Statements {
  readonly put: StatementSync;
  readonly remove: StatementSync;
}

/** Of the file, kept in memory at most: that of some 100,000 leases. */
const CACHE_KIBIBYTES = 32_768;

const WORTH_RESTORING =
  'Stop the daemon, keep the file and the ones named like it, restore a copy, or move all of them away to begin with an ' +
  'empty store: hosts then get new addresses, and addresses handed out before may be unknown';

export class Database {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<Record<TableName, Statements>>;

  /** Opens the file, or makes it where there is none. Throws StoreError. */
  constructor(path: string, { checkpointPages = 8192 }: DatabaseOptions = {}) {
    this.path = path;
    if (!existsSync(path)) create(path);
    else if (statSync(path).size === 0) throw corrupt(path, 'is empty');
    this.#database = open(path);
    try {
      check(path, this.#database);
      migrate(path, this.#database);
      this.#database.exec(
        `PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA cache_size = -${CACHE_KIBIBYTES}`,
      );
      this.#statements = Object.fromEntries(
        TABLE_NAMES.map((name) => [name, statements(this.#database, name)]),
      ) as Record<TableName, Statements>;
    } catch (error) {
      this.#database.close();
      throw storeError(path, error);
    }
  }

  /** Throws StoreError. */
  contents(): StoreContents {
    const read = <Name extends TableName>(name: Name): readonly Records[Name][] => {
      const { columns, decode } = TABLES[name];
      const query = this.#database.prepare(`SELECT ${columns.map(quoted).join(', ')} FROM ${name}`);
      return (query.all() as unknown as Row[]).map(decode);
    };
    try {
      return Object.fromEntries(TABLE_NAMES.map((name) => [name, read(name)])) as unknown as StoreContents;
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  /**
   * Makes each batch whole or not at all, and all that succeed durable by one transaction. Returns the error of each, or
   * undefined. Throws StoreError when the transaction fails: then nothing of any batch was done.
   */
  commit(batches: readonly (readonly RowChange[])[]): readonly (StoreError | undefined)[] {
    const none = batches.map(() => undefined);
    try {
      this.#transaction(() => {
        for (const batch of batches) this.#make(batch);
      });
      return none;
    } catch (error) {
      if (storeError(this.path, error).code !== 'conflict') throw storeError(this.path, error);
    }
    // One of them is refused, which is rare: again, so that the others are not.
    try {
      return this.#transaction(() => batches.map((batch) => this.#makeOrLeave(batch)));
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  close(): void {
    this.#database.close();
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself where the disk was full or failed; the first error tells why.
    }
  }

  #transaction<Result>(work: () => Result): Result {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#rollBack();
      throw error;
    }
  }

  /** Returns the conflict for which it left the batch out. */
  #makeOrLeave(batch: readonly RowChange[]): StoreError | undefined {
    this.#database.exec('SAVEPOINT batch');
    try {
      this.#make(batch);
      this.#database.exec('RELEASE batch');
      return undefined;
    } catch (error) {
      const failure = storeError(this.path, error);
      if (failure.code !== 'conflict') throw failure;
      this.#database.exec('ROLLBACK TO batch; RELEASE batch');
      return failure;
    }
  }

  #make(batch: readonly RowChange[]): void {
    for (const { table, kind, values } of batch) this.#statements[table][kind].run(...values);
  }
}

/** `set` is a word of SQL. */
const quoted = (column: string) => `"${column}"`;

function statements(database: DatabaseSync, name: TableName): Statements {
  const { key, columns } = TABLES[name];
  const values = columns.filter((column) => !key.includes(column)).map(quoted);
  const places = columns.map(() => '?').join(', ');
  const replace = values.map((column) => `${column} = excluded.${column}`).join(', ');
  return {
    put: database.prepare(
      `INSERT INTO ${name} (${columns.map(quoted).join(', ')}) VALUES (${places})
       ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${replace}`,
    ),
    remove: database.prepare(
      `DELETE FROM ${name} WHERE ${key.map((column) => `${column} = ?`).join(' AND ')}`,
    ),
  };
}

const corrupt = (path: string, how: string) => new StoreError('corrupt', path, `${how}. ${WORTH_RESTORING}`);

/** Makes the file whole under another name: what has the store's name is never half a store. */
function create(path: string): void {
  const log = `${path}-wal`;
  if (existsSync(log))
    throw new StoreError('missing', path, `${log} is there, but not the file. ${WORTH_RESTORING}`);
  const made = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(made + suffix, { force: true });
    closeSync(openSync(made, 'wx', 0o600));
    const database = open(made);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    migrate(made, database);
    database.close();
    sync(made);
    renameSync(made, path);
    sync(dirname(path));
  } catch (error) {
    throw storeError(path, error);
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Throws StoreError. */
function open(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // Exclusive: a second daemon must not work on the same store, and no shared memory is needed.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    return database;
  } catch (error) {
    database?.close();
    throw storeError(path, error, WORTH_RESTORING);
  }
}

/** Throws StoreError when the file is somebody else's or damaged. */
function check(path: string, database: DatabaseSync): void {
  const { application_id: application } = database.prepare('PRAGMA application_id').get() as {
    application_id: number;
  };
  if (application !== APPLICATION_ID) throw corrupt(path, 'is a database, but no store of pshim6');
  const rows = database.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[];
  const found = rows[0]?.integrity_check;
  if (found !== 'ok') throw corrupt(path, `is damaged (${found?.split('\n').at(-1)})`);
}

/** Throws StoreError when the file was written by a later pshim6. */
function migrate(path: string, database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    const detail = `has schema version ${version}, this pshim6 knows ${MIGRATIONS.length}: use the later pshim6, or restore the copy made before`;
    throw new StoreError('version', path, detail);
  }
  for (let step = version; step < MIGRATIONS.length; step++) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[step]}; PRAGMA user_version = ${step + 1}; COMMIT`);
  }
}
