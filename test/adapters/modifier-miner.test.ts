import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, it } from 'node:test';
import { ModifierMiner } from '../../control/adapters/modifier-miner.ts';
import { findModifier } from '../../control/identity/cga.ts';
import { signingKey } from '../../control/identity/signing-key.ts';
import { privateKeys } from '../identity/keys.ts';

const { publicKey } = signingKey(privateKeys.p256);
const miner = new ModifierMiner(assert.fail);
after(() => miner.close());

/** Niceness of every thread of this process: field 19 of /proc/PID/task/TID/stat. */
const niceness = () =>
  readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });

it('finds modifiers of the Sec asked for, all different, in a thread that gives way to all others', async () => {
  const job = { publicKey, extensions: [], sec: 1 as const };
  const before = niceness().filter((nice) => nice >= 19).length;
  const keepAlive = setInterval(() => {}, 1000);
  const found = await new Promise<Uint8Array[]>((done) => {
    const modifiers: Uint8Array[] = [];
    miner.mine({ ...job, count: 3 }, (modifier) => {
      modifiers.push(modifier);
      if (modifiers.length === 3) done(modifiers);
    });
  });
  clearInterval(keepAlive);
  for (const modifier of found) assert.ok('found' in findModifier({ ...job, modifier }, 1));
  assert.equal(new Set(found.map(String)).size, 3);
  assert.equal(niceness().filter((nice) => nice >= 19).length, before + 1);
});
