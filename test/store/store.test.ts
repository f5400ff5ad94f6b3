import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SqliteStore } from '../../control/store/sqlite/sqlite-store.ts';
import type { Change, Store } from '../../control/store/store.ts';
import { StoreConflictError, StoreError } from '../../control/store/store.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { lease } from './leases.ts';

let directory: string;
let path: string;
let open: Store[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pshim6-store-'));
  path = join(directory, 'var', 'site.db');
});
afterEach(async () => {
  for (const store of open) await store.close();
  open = [];
  rmSync(directory, { recursive: true });
});

async function opened(): Promise<SqliteStore> {
  const store = await SqliteStore.open(path);
  open.push(store);
  return store;
}

const refused = (code: string, text: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.code === code && text.test(error.message);

const put = (binding: ReturnType<typeof lease>): Change => ({ table: 'bindings', put: binding });

describe('the store', () => {
  it('gives back, opened anew, every record as it was put', async () => {
    const extendedModifier = new Uint8Array(48).fill(3);
    const hba = {
      prefixes: [parsePrefix('fc00:db8:1::/64'), parsePrefix('2001:db8:11::/64')],
      extendedModifier,
    };
    const parts = {
      subnet: parsePrefix('fc00:db8:1::/64'),
      modifier: new Uint8Array(16).fill(9),
      collisionCount: 1,
      sec: 2,
    } as const;
    const ulid = parseAddress('fc00:db8:1::9');
    const duid = Uint8Array.of(0, 3, 0, 1, 5);
    const changes: Change[] = [
      put(lease(1)),
      put(lease(2, { name: 'h2.bar.com', hba, state: 'released', iaid: 0xffff_ffff })),
      {
        table: 'quarantine',
        put: { address: parseAddress('fc00:db8:1::bad'), duid, until: 2 ** 42 },
      },
      { table: 'reservations', put: { name: 'printer.bar.com', ulid, duid, ...parts } },
      {
        table: 'reservations',
        put: { name: 'lamp.bar.com', ulid: parseAddress('fc00:db8:1::a'), remoteId: duid, ...parts, hba },
      },
      { table: 'modifiers', put: { modifier: new Uint8Array(16).fill(1), sec: 1, set: '' } },
      { table: 'providers', put: { name: 'z1', state: 'added', configuration: '{}' } },
      { table: 'providers', put: { name: 'x1', state: 'draining', until: 5, configuration: '{}' } },
      { table: 'locators', put: { ulid, provider: 'z1', address: parseAddress('2001:db8:11::9') } },
      { table: 'publications', put: { name: 'printer.bar.com', state: '[]' } },
      { table: 'settings', put: { key: 'server-duid', value: duid } },
    ];
    const store = await opened();
    await store.commit(changes);
    await store.close();
    const contents = await (await opened()).contents();
    const found = Object.entries(contents).flatMap(([table, records]) =>
      records.map((record) => ({ table, put: record })),
    );
    const sorted = (rows: readonly object[]) =>
      rows
        .map((row) =>
          JSON.stringify(row, (_, value) =>
            value !== null &&
            typeof value === 'object' &&
            !Array.isArray(value) &&
            !(value instanceof Uint8Array)
              ? Object.fromEntries(Object.entries(value).sort())
              : value,
          ),
        )
        .sort();
    assert.deepEqual(sorted(found), sorted(changes));
  });

  it('never gives an address to a second owner, nor one that is in quarantine', async () => {
    const store = await opened();
    await store.commit([put(lease(1)), put(lease(2))]);
    const stranger = lease(1, { duid: Uint8Array.of(9, 9), validUntil: 5 });
    await assert.rejects(store.commit([put(lease(3)), put(stranger)]), StoreConflictError);
    await assert.rejects(store.commit([put(lease(1, { iaid: 77 }))]), StoreConflictError);
    const { ulid: address, duid } = lease(2);
    const quarantine: Change = { table: 'quarantine', put: { address, duid, until: 2 } };
    await assert.rejects(store.commit([quarantine]), StoreConflictError);
    await store.commit([{ table: 'bindings', remove: lease(2) }, quarantine]);
    await assert.rejects(store.commit([put(lease(2))]), StoreConflictError);
    const { bindings } = await store.contents();
    // Nothing of a refused commit is there, not even what came before the conflict.
    assert.deepEqual(
      bindings.map(({ iaid, validUntil }) => [iaid, validUntil]),
      [[1, lease(1).validUntil]],
    );
  });

  it('takes commits that come together, each whole or not at all', async () => {
    const store = await opened();
    await store.commit([put(lease(500))]);
    const commits = Array.from({ length: 1000 }, (_, number) =>
      store.commit([put(lease(number)), ...(number % 10 === 3 ? [put(lease(500, { iaid: 1 }))] : [])]),
    );
    const results = await Promise.allSettled(commits);
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 100);
    assert.equal((await store.contents()).bindings.length, 900);
  });

  it('lets its owner alone read the file', async () => {
    await opened();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(path, '..')).mode & 0o077, 0);
  });

  it('serves one process at a time', async () => {
    await opened();
    await assert.rejects(SqliteStore.open(path), refused('busy', /another process/));
  });

  it('rejects commits once it is closed', async () => {
    const store = await opened();
    await store.close();
    await assert.rejects(store.commit([put(lease(1))]), refused('closed', /closed/));
  });
});

describe('a store file that is not right', () => {
  const filled = async () => {
    const store = await opened();
    await store.commit(Array.from({ length: 400 }, (_, number) => put(lease(number))));
    await store.close();
  };
  const stillThere = (before: Buffer) => assert.deepEqual(readFileSync(path), before);

  it('is refused with advice, and left as it was, when a page of it is damaged', async () => {
    await filled();
    const file = openSync(path, 'r+');
    writeSync(file, new Uint8Array(4096).fill(0xa5), 0, 4096, 4096 * 20);
    closeSync(file);
    const before = readFileSync(path);
    await assert.rejects(SqliteStore.open(path), refused('corrupt', /damaged.*restore a copy/));
    stillThere(before);
  });

  it('is refused when its first page is no database', async () => {
    await filled();
    const file = openSync(path, 'r+');
    writeSync(file, 'not a database at all', 0);
    closeSync(file);
    const before = readFileSync(path);
    await assert.rejects(SqliteStore.open(path), refused('corrupt', /no SQLite database.*restore a copy/));
    stillThere(before);
  });

  it('is refused when it is cut short or empty', async () => {
    await filled();
    truncateSync(path, 8192);
    await assert.rejects(SqliteStore.open(path), refused('corrupt', /restore a copy/));
    truncateSync(path, 0);
    await assert.rejects(SqliteStore.open(path), refused('corrupt', /empty.*restore a copy/));
    assert.equal(statSync(path).size, 0);
  });

  it('is refused when only its log is left', async () => {
    await filled();
    rmSync(path);
    writeFileSync(`${path}-wal`, 'the log');
    await assert.rejects(SqliteStore.open(path), refused('missing', /restore a copy/));
    assert.ok(!existsSync(path));
  });

  it("is refused when it is another program's database, or a later pshim6's", async () => {
    await filled();
    let database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await assert.rejects(SqliteStore.open(path), refused('version', /schema version 99/));
    rmSync(path);
    database = new DatabaseSync(path);
    database.exec('CREATE TABLE recipes (name TEXT)');
    database.close();
    await assert.rejects(SqliteStore.open(path), refused('corrupt', /no store of pshim6/));
  });

  it('says so when it cannot be made', async () => {
    writeFileSync(join(directory, 'var'), 'a file where a directory is needed');
    await assert.rejects(SqliteStore.open(path), refused('permission', /ENOTDIR|EEXIST/));
  });

  it('answers a full disk with an error, loses nothing, and goes on when there is room', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, () => {
    const script = 'mount -t tmpfs -o size=400k tmpfs "$1" && exec "$2" "$3" "$1"';
    const program = join(import.meta.dirname, 'full-disk-process.ts');
    const output = execFileSync(
      'unshare',
      ['--mount', 'sh', '-ec', script, 'sh', directory, process.execPath, program],
      { encoding: 'utf8' },
    );
    const { acknowledged, code, whileFull, inTheEnd } = JSON.parse(output);
    assert.equal(code, 'full');
    assert.ok(acknowledged > 10 && acknowledged < 5000, `${acknowledged}`);
    assert.equal(whileFull, acknowledged);
    assert.equal(inTheEnd, acknowledged + 1);
  });
});
