import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { benchHandshake } from './bench.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

test('the handshake benchmark establishes what it says, box to box, and leaves nothing', {
  skip,
}, async () => {
  const lines: string[] = [];
  const result = await benchHandshake({ contexts: 400, window: 16, progress: (line) => lines.push(line) });
  assert.equal(lines.length, 10);
  assert.match(lines.at(-1)!, /^400 contexts/);
  assert.ok(result.perSecond.lowest > 0 && result.initiator.processor > 0 && result.responder.processor > 0);
  assert.deepEqual(
    readdirSync('/run/netns').filter((name) => name.startsWith(`pshim6-handshake-${process.pid}`)),
    [],
  );
});
