import assert from 'node:assert/strict';
import test from 'node:test';
import { cannotBoot, collect } from './setting.ts';

/** A dozen Node processes for minutes under emulation, each of which may die there of itself. */
const tooLong = process.env['PSHIM6_LONG'] === undefined && 'takes minutes: PSHIM6_LONG=1 runs it';

for (const [title, program] of [
  ['boxes on VLAN interfaces, and ESP in transport mode between hosts', 'lab'],
  ["providers behind exit routers that are Linux: the kernel's ip6tnl", 'tunnels'],
] as const)
  test(`kernel 5.10: ${title} (test/vm/guest/${program}.ts)`, { skip: cannotBoot || tooLong }, async () => {
    const { status, stdout, stderr } = await collect(['sh', 'test/vm/guest/lab.sh', program]);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /^kernel 5\.10\./m);
    assert.match(stdout, /^\S+ pass 5$/m);
    assert.match(stdout, /^\S+ fail 0$/m);
  });
