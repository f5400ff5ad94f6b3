/** Node is told the same wherever the daemon is started. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { NODE_FLAGS } from '../../control/cli/node-flags.ts';

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const flags = NODE_FLAGS.join(' ');

test('the installed command and that of a checkout have the flags', () => {
  assert.ok(file('control/cli/pshim6').includes(`exec "$node" ${flags} "`), flags);
  const { scripts } = JSON.parse(file('package.json')) as { scripts: Record<string, string> };
  assert.ok(scripts['pshim6']?.endsWith(` node ${flags} control/cli/main.ts`), flags);
});
