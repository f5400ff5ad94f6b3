/**
 * What the programs cost the verifier here. Kernel 5.10, which prunes less, counts up to twice as many and refuses a
 * program beyond a million (test/vm/): growth is to show here, in every test run, long before.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BpfObject } from '../../native/libbpf/index.ts';

const bpf = fileURLToPath(new URL('../../bpf/', import.meta.url));
/** Instructions that the verifier walks through. */
const CEILINGS = { inside: 350_000, outside: 120_000 } as const;

for (const [name, ceiling] of Object.entries(CEILINGS)) {
  test(`${name}: at most ${ceiling} instructions verified`, (context) => {
    execFileSync('make', ['-s', '-C', bpf]);
    const object = BpfObject.open(`${bpf}build/${name}.bpf.o`).load();
    try {
      const { fd } = object.program(name);
      const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      const verified = /^verified_insns:\s+(\d+)$/m.exec(info)?.[1];
      if (verified === undefined) return context.skip('kernels before 5.16 do not tell');
      context.diagnostic(`${name}: ${verified}`);
      assert.ok(Number(verified) <= ceiling, `${name} costs the verifier ${verified} instructions`);
    } finally {
      object.close();
    }
  });
}
