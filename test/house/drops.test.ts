import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dropReasons } from '../../control/dataplane/layout.generated.ts';

const text = readFileSync(new URL('../../docs/drops.md', import.meta.url), 'utf8');

test('docs/drops.md says of every drop reason, and of no other, what to do', () => {
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (.+) \| (.+) \|$/gm)];
  const names = rows.map(([, name]) => name!);
  assert.deepEqual(names.toSorted(), dropReasons.map(({ name }) => name as string).toSorted());
  for (const [, name, happened, advice] of rows)
    assert.ok(happened!.length > 10 && advice!.length > 10, name);
});
