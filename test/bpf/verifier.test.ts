/**
 * What the programs cost here: the verifier, and of the stack. Kernel 5.10, which prunes less, counts up to twice as
 * many instructions and refuses a program beyond a million (test/vm/); beyond 512 octets of stack in a chain of calls
 * every kernel does. Growth is to show here, in every test run, long before.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { compileLoader } from '../vm/loader.ts';
import { programs } from './build.ts';

/** Instructions that the verifier walks through; octets of stack in the deepest chain of calls. */
const CEILINGS = {
  inside: { instructions: 350_000, stack: 480 },
  outside: { instructions: 120_000, stack: 416 },
} as const;

/** What kernels round a function's stack up to before they add. */
const STACK_UNIT = 32;
/** The program, a function, and one that this calls: no chain is longer. */
const CALLED = 2;

/** From the stacks of a program and of the functions in it: at least what the deepest chain takes. */
function deepest(stacks: readonly number[]): number {
  const [own = 0, ...called] = stacks.map((depth) => Math.ceil(Math.max(depth, 1) / STACK_UNIT) * STACK_UNIT);
  const largest = called.sort((one, other) => other - one).slice(0, CALLED);
  return largest.reduce((sum, depth) => sum + depth, own);
}

// Other kernels count otherwise; what this one says of them is in test/vm/vm.test.ts.
const skip = process.env['PSHIM6_VM'] === undefined ? false : 'under another kernel';

describe('what the programs cost', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'pshim6-verifier-'));
  after(() => rmSync(directory, { recursive: true }));

  for (const [name, ceiling] of Object.entries(CEILINGS))
    test(name, async (context) => {
      const loader = await compileLoader(directory);
      const said = execFileSync(loader, [programs(name as keyof typeof CEILINGS)], { encoding: 'utf8' });
      context.diagnostic(said.trim());
      const [, verified, stack] = / (\d+) instructions verified .*, stack ([\d+]+)$/m.exec(said) ?? [];
      assert.ok(verified !== undefined && stack !== undefined, said);
      assert.ok(Number(verified) <= ceiling.instructions, `${verified} instructions verified`);
      const octets = deepest(stack.split('+').map(Number));
      assert.ok(octets <= ceiling.stack, `up to ${octets} octets of stack`);
    });
});
