import assert from 'node:assert/strict';
import test from 'node:test';
import { cannotBoot, collect } from './setting.ts';

/** Kernel 5.10 refuses a program beyond a million; far below it, growth shows before it hurts. */
const VERIFIER_CEILING = 600_000;

/** Seconds, on a busy machine; under emulation every step is long. */
const TIME_LIMIT = 1800;

test('kernel 5.10 accepts both XDP programs, and they pass every data-path test', {
  skip: cannotBoot,
}, async () => {
  const { status, stdout, stderr } = await collect([], { timeLimit: TIME_LIMIT });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /^kernel 5\.10\./m);
  for (const name of ['inside', 'outside']) {
    const line = new RegExp(`^${name}\\.bpf\\.o  ${name}  (\\d+) instructions verified`, 'm').exec(stdout);
    const instructions = Number(line?.[1]);
    assert.ok(instructions > 0, `no verifier count for ${name}:\n${stdout}`);
    assert.ok(instructions < VERIFIER_CEILING, `${name} costs the verifier ${instructions} instructions`);
  }
  assert.match(stdout, /^\S+ pass [1-9]\d*$/m);
  assert.match(stdout, /^\S+ fail 0$/m);
});
