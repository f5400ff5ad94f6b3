/** Fills a small disk with leases until it is full, then makes room; prints what happened as JSON. argv: a directory. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteStore } from '../../control/store/sqlite/sqlite-store.ts';
import { StoreError } from '../../control/store/store.ts';
import { lease } from './leases.ts';

const [directory] = process.argv.slice(2) as [string];
const path = join(directory, 'site.db');
const ballast = join(directory, 'ballast');
writeFileSync(ballast, new Uint8Array(100_000));
const store = await SqliteStore.open(path);
let acknowledged = 0;
let failure: unknown;
while (failure === undefined && acknowledged < 10_000) {
  const binding = lease(acknowledged, { name: 'x'.repeat(200) });
  await store.commit([{ table: 'bindings', put: binding }]).then(
    () => acknowledged++,
    (error: unknown) => {
      failure = error;
    },
  );
}
const whileFull = (await store.contents()).bindings.length;
rmSync(ballast);
await store.commit([{ table: 'bindings', put: lease(20_000) }]);
await store.close();
const again = await SqliteStore.open(path);
const inTheEnd = (await again.contents()).bindings.length;
await again.close();
const code = failure instanceof StoreError ? failure.code : `${failure}`;
console.log(JSON.stringify({ acknowledged, code, whileFull, inTheEnd }));
