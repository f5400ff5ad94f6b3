/**
 * The schema, as the steps that lead to it: a store of version n has seen the first n. A step that was released is never
 * changed; what it lacks comes in a later one.
 */

/** "psh6": `file` and SQLite itself tell our databases from others by it. */
export const APPLICATION_ID = 0x70736836;

export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE bindings (
     ulid BLOB PRIMARY KEY CHECK (length(ulid) = 16),
     duid BLOB NOT NULL CHECK (length(duid) BETWEEN 1 AND 130),
     iaid INTEGER NOT NULL,
     subnet TEXT NOT NULL,
     modifier BLOB NOT NULL CHECK (length(modifier) = 16),
     collision_count INTEGER NOT NULL CHECK (collision_count BETWEEN 0 AND 2),
     sec INTEGER NOT NULL CHECK (sec BETWEEN 0 AND 2),
     hba TEXT,
     name TEXT,
     state TEXT NOT NULL CHECK (state IN ('bound', 'released', 'expired')),
     bound_at INTEGER NOT NULL,
     preferred_until INTEGER NOT NULL,
     valid_until INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE quarantine (
     address BLOB PRIMARY KEY CHECK (length(address) = 16),
     duid BLOB NOT NULL,
     until INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE reservations (
     name TEXT PRIMARY KEY,
     ulid BLOB NOT NULL UNIQUE CHECK (length(ulid) = 16),
     duid BLOB UNIQUE,
     remote_id BLOB UNIQUE,
     subnet TEXT NOT NULL,
     modifier BLOB NOT NULL CHECK (length(modifier) = 16),
     collision_count INTEGER NOT NULL CHECK (collision_count BETWEEN 0 AND 2),
     sec INTEGER NOT NULL CHECK (sec BETWEEN 0 AND 2),
     hba TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE modifiers (
     modifier BLOB PRIMARY KEY CHECK (length(modifier) = 16),
     sec INTEGER NOT NULL CHECK (sec BETWEEN 0 AND 2),
     "set" TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE providers (
     name TEXT PRIMARY KEY,
     state TEXT NOT NULL CHECK (state IN ('added', 'draining', 'removed')),
     until INTEGER,
     configuration TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE locators (
     ulid BLOB NOT NULL CHECK (length(ulid) = 16),
     provider TEXT NOT NULL,
     address BLOB NOT NULL UNIQUE CHECK (length(address) = 16),
     PRIMARY KEY (ulid, provider)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE publications (
     name TEXT PRIMARY KEY,
     state TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE settings (
     key TEXT PRIMARY KEY,
     value BLOB NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TRIGGER one_owner BEFORE UPDATE ON bindings
     WHEN old.duid <> new.duid OR old.iaid <> new.iaid
     BEGIN SELECT RAISE(ABORT, 'the address has another owner'); END;
   CREATE TRIGGER not_in_quarantine BEFORE INSERT ON bindings
     WHEN EXISTS (SELECT 1 FROM quarantine WHERE address = new.ulid)
     BEGIN SELECT RAISE(ABORT, 'the address is in quarantine'); END;
   CREATE TRIGGER not_bound BEFORE INSERT ON quarantine
     WHEN EXISTS (SELECT 1 FROM bindings WHERE ulid = new.address)
     BEGIN SELECT RAISE(ABORT, 'the address is bound'); END;`,
];
