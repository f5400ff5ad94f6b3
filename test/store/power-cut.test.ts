/** What survives: kill -9 at any moment, and any state that a power cut may leave the disk in. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Database } from '../../control/store/sqlite/database.ts';
import { SeededRandom } from '../shim6/random.ts';
import { Disk, readRecord } from './disk.ts';
import { claimOf, life } from './leases.ts';

const SEED = 7;
const STEPS = 400;
/** Commits under way at once in lease-process.ts: as many may be there without having been acknowledged. */
const UNDER_WAY = 4;

const process_ = join(import.meta.dirname, 'lease-process.ts');
const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'pshim6-store-'));

/** The bindings after each number of steps, as text. */
const histories = ((): readonly string[] => {
  const bindings = new Map<string, string>();
  const text = () => [...bindings.values()].sort().join('\n');
  const result = [text()];
  for (const { claims } of life(SEED)) {
    for (const claim of claims) {
      if (claim.owner === null) bindings.delete(claim.address);
      else bindings.set(claim.address, JSON.stringify(claim));
    }
    result.push(text());
    if (result.length > STEPS) return result;
  }
  return result;
})();

const acknowledgedIn = (text: string): number => text.split('\n').length - 1;

/** Opens what is left and finds how far the life had come; each address is there once, whatever happened. */
function stepsIn(path: string, acknowledged: number): number {
  const database = new Database(path);
  const { bindings, quarantine } = database.contents();
  database.close();
  const bound = new Set(bindings.map((binding) => claimOf(binding).address));
  assert.equal(bound.size, bindings.length);
  for (const { address } of quarantine) assert.ok(!bound.has(Buffer.from(address).toString('hex')));
  const found = bindings.map((binding) => JSON.stringify(claimOf(binding)));
  const steps = histories.indexOf(found.sort().join('\n'), acknowledged);
  assert.ok(
    steps >= 0,
    `${acknowledged} steps were acknowledged, and what is there is of none at or after that`,
  );
  assert.ok(steps <= acknowledged + UNDER_WAY);
  return steps;
}

describe('a store whose power is cut', () => {
  after(() => rmSync(scratch, { recursive: true, force: true }));

  it('keeps every acknowledged lease, whatever of the writes under way reached the disk', (test) => {
    const library = join(scratch, 'record-writes.so');
    const source = join(import.meta.dirname, 'record-writes.c');
    execFileSync('clang', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
    const directory = join(scratch, 'recorded');
    const record = join(scratch, 'record');
    execFileSync('mkdir', [directory]);
    const path = join(directory, 'site.db');
    const acknowledgements = join(directory, 'acknowledgements');
    execFileSync(process.execPath, [process_, path, acknowledgements, `${SEED}`, `${STEPS}`], {
      env: { ...process.env, LD_PRELOAD: library, RECORD_DIRECTORY: directory, RECORD_LOG: record },
    });
    const entries = readRecord(record);
    const count = (kind: string) => entries.filter((entry) => entry.kind === kind).length;
    const checkpoints = entries.filter((entry) => entry.kind === 's' && entry.path === path).length;
    // Several checkpoints: cuts fall into them as well.
    assert.ok(checkpoints > 5, `only ${checkpoints} checkpoints`);

    const luck = new SeededRandom(SEED);
    const disk = new Disk(directory);
    let acknowledged = 0;
    let cuts = 0;
    for (const entry of entries) {
      if (entry.path === acknowledgements) acknowledged += acknowledgedIn(Buffer.from(entry.data).toString());
      else disk.play(entry);
      if (luck.number() > 0.2) continue;
      const target = join(scratch, 'cut');
      disk.cut(target, luck);
      stepsIn(join(target, 'site.db'), acknowledged);
      rmSync(target, { recursive: true });
      cuts++;
    }
    assert.equal(acknowledged, STEPS);
    test.diagnostic(
      `${cuts} cuts among ${count('w')} writes, ${count('s')} syncs and ${checkpoints} checkpoints`,
    );
  });

  it('would notice a commit that does not wait for the disk', () => {
    // The same record with the log's syncs left out: what was acknowledged can be lost.
    const entries = readRecord(join(scratch, 'record'));
    const directory = join(scratch, 'recorded');
    const luck = new SeededRandom(SEED);
    const disk = new Disk(directory);
    let acknowledged = 0;
    assert.throws(() => {
      for (const entry of entries) {
        if (entry.path.endsWith('acknowledgements'))
          acknowledged += acknowledgedIn(Buffer.from(entry.data).toString());
        else if (entry.kind !== 's' || !entry.path.endsWith('-wal')) disk.play(entry);
        if (acknowledged < 10 || luck.number() > 0.2) continue;
        const target = join(scratch, 'unsynced');
        rmSync(target, { recursive: true, force: true });
        disk.cut(target, luck);
        stepsIn(join(target, 'site.db'), acknowledged);
      }
    }, /were acknowledged, and what is there/);
  });

  it('keeps every acknowledged lease when the process is killed', async (test) => {
    const luck = new SeededRandom(SEED);
    const reached: number[] = [];
    for (let round = 0; round < 6; round++) {
      const directory = mkdtempSync(join(scratch, 'killed-'));
      const path = join(directory, 'site.db');
      const acknowledgements = join(directory, 'acknowledgements');
      const child = spawn(process.execPath, [process_, path, acknowledgements, `${SEED}`, `${STEPS}`]);
      while (!existsSync(acknowledgements)) await new Promise((done) => setTimeout(done, 5));
      setTimeout(() => child.kill('SIGKILL'), luck.number() * 60);
      await once(child, 'close');
      const acknowledged = acknowledgedIn(readFileSync(acknowledgements, 'utf8'));
      reached.push(stepsIn(path, acknowledged));
    }
    test.diagnostic(`killed after ${reached.join(', ')} steps`);
  });
});
