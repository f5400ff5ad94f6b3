import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

test('layout.generated.ts is what bpf/layout.h gives', () => {
  const generator = join(resolve(import.meta.dirname, '../..'), 'control/dataplane/generate-layout.ts');
  const run = spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
});
