/** Every target for a short time, the same each run; and that the fuzzer finds what there is to find. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { supervise } from './supervise.ts';
import { isTargetName, loadTarget, targetModule, targetNames } from './targets.ts';

describe('fuzzing, seeded and short', () => {
  for (const name of targetNames) {
    test(name, async (context) => {
      const limits = { time: 2_000, runs: 20_000 };
      const { runs, corpus, reached, finding } = await supervise(targetModule(name), { seed: 1, limits });
      const input = Buffer.from(finding?.input ?? []).toString('hex');
      assert.equal(finding, undefined, `${input}\n${finding?.error}`);
      assert.ok(reached > 1_000, 'coverage is seen');
      context.diagnostic(`${runs} runs, ${corpus} inputs kept, ${reached} characters of code reached`);
    });
  }
});

describe('what fuzzing found stays mended', () => {
  for (const file of globSync(join(import.meta.dirname, 'regressions/*.hex'))) {
    test(basename(file), async () => {
      const name = basename(file).replace(/\..*$/, '');
      assert.ok(isTargetName(name));
      const target = await loadTarget(targetModule(name));
      target.run(Buffer.from(readFileSync(file, 'utf8').replace(/\s/g, ''), 'hex'));
    });
  }
});

describe('the fuzzer', () => {
  const planted = (name: string) => new URL(`./planted/${name}.ts`, import.meta.url).href;

  test('finds a mistake behind several checks and makes the input small', async () => {
    const { finding } = await supervise(planted('deep'), {
      seed: 1,
      limits: { time: 240_000, runs: 3_000_000 },
    });
    assert.match(finding?.error ?? 'not found', /InvariantError: planted/);
    assert.equal(Buffer.from(finding!.input).toString('latin1'), 'SHIM');
  });

  test('finds an input that never ends', async () => {
    const limits = { time: 240_000, runs: Number.POSITIVE_INFINITY };
    const { finding } = await supervise(planted('endless'), { seed: 1, limits, patience: 500 });
    assert.ok(finding?.input.includes(0x2a));
  });
});
