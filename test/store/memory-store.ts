/** A store that forgets: for what is measured or tested without a disk. Refuses what SqliteStore refuses. */
import type { Change, Store, StoreContents } from '../../control/store/store.ts';
import { StoreConflictError } from '../../control/store/store.ts';
import { equalOctets } from '../../control/wire/octets.ts';

const KEYS = {
  bindings: ['ulid'],
  quarantine: ['address'],
  reservations: ['name'],
  modifiers: ['modifier'],
  providers: ['name'],
  locators: ['ulid', 'provider'],
  publications: ['name'],
  settings: ['key'],
} as const;

const keyOf = (table: keyof typeof KEYS, record: object): string =>
  KEYS[table].map((name) => String((record as Record<string, unknown>)[name])).join(' ');

export class MemoryStore implements Store {
  #tables = MemoryStore.empty();
  /** Commits that were made. */
  commits = 0;
  /** What the next commits reject with. */
  failure: Error | undefined;

  static empty() {
    return Object.fromEntries(Object.keys(KEYS).map((name) => [name, new Map<string, object>()])) as Record<
      keyof typeof KEYS,
      Map<string, object>
    >;
  }

  async contents(): Promise<StoreContents> {
    const rows = Object.entries(this.#tables).map(([name, table]) => [name, [...table.values()]]);
    return Object.fromEntries(rows) as unknown as StoreContents;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const next = Object.fromEntries(
      Object.entries(this.#tables).map(([name, table]) => [name, new Map(table)]),
    ) as ReturnType<typeof MemoryStore.empty>;
    for (const change of changes) {
      const table = next[change.table];
      if ('remove' in change) {
        table.delete(keyOf(change.table, change.remove));
        continue;
      }
      const key = keyOf(change.table, change.put);
      const known = table.get(key) as { duid: Uint8Array; iaid: number } | undefined;
      if (change.table === 'bindings') {
        const { duid, iaid } = change.put;
        if (known !== undefined && !(equalOctets(known.duid, duid) && known.iaid === iaid))
          throw new StoreConflictError('memory', 'the address has another owner');
        if (next.quarantine.has(key)) throw new StoreConflictError('memory', 'the address is in quarantine');
      }
      table.set(key, change.put);
    }
    this.#tables = next;
    this.commits++;
  }

  async close(): Promise<void> {}
}
