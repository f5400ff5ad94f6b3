/** The thread of modifier-miner.ts: one job after another. */
import { randomBytes } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { findModifier } from '../identity/cga.ts';
import { MODIFIER_LENGTH } from '../wire/cga/parameters.ts';
import type { MinerFinding, MinerTask } from './modifier-miner.ts';

const port = parentPort!;
// Of this thread alone, as Linux has it: packets come first.
setPriority(constants.priority.PRIORITY_LOW);

port.on('message', ({ id, count, ...request }: MinerTask) => {
  for (let found = 0; found < count; found++) {
    // RFC 3972 §4, step 1: each search begins anew, or modifiers could be told from one another.
    const start = new Uint8Array(randomBytes(MODIFIER_LENGTH));
    const result = findModifier({ ...request, modifier: start }, Number.POSITIVE_INFINITY);
    if ('found' in result) port.postMessage({ id, modifier: result.found } satisfies MinerFinding);
  }
});
