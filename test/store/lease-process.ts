/**
 * Lives a life of leases on a store, four commits at a time, and writes down what was acknowledged: argv is the store's
 * path, the file of acknowledgements, the seed and the number of steps.
 */
import { openSync, writeSync } from 'node:fs';
import { SqliteStore } from '../../control/store/sqlite/sqlite-store.ts';
import { life } from './leases.ts';

const [path, acknowledgements, seed, steps] = process.argv.slice(2) as [string, string, string, string];
const store = await SqliteStore.open(path, { checkpointPages: 20 });
const file = openSync(acknowledgements, 'a');
let number = 0;
const running = new Set<Promise<void>>();
for (const { changes } of life(Number(seed))) {
  if (number === Number(steps)) break;
  const line = `${number++}\n`;
  const commit = store.commit(changes).then(() => {
    writeSync(file, line);
    running.delete(commit);
  });
  running.add(commit);
  if (running.size >= 4) await Promise.race(running);
}
await Promise.all(running);
await store.close();
