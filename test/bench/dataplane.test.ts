import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from './arguments.ts';
import { command } from './command.ts';
import { COMPARISON_NAMES, COMPARISONS } from './comparisons.ts';
import { benchDataplane } from './dataplane.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

describe('bench dataplane --quick', { skip }, () => {
  const quick = parseArguments(['dataplane', '--quick']);

  for (const comparison of COMPARISON_NAMES)
    it(`${comparison}: delivers the right packets in every row, and leaves no namespace behind`, async (context) => {
      const progress: string[] = [];
      const [result] = await benchDataplane({
        ...quick,
        comparisons: [comparison],
        populations: comparison === 'shim' ? quick.populations : quick.populations.slice(1, 2),
        progress: (line) => progress.push(line),
      });
      assert.equal(result?.comparison, comparison);
      const { populations, unavailable } = result;
      const names = COMPARISONS[comparison].rows.filter((name) => !(name in unavailable));
      for (const [name, reason] of Object.entries(unavailable)) {
        context.diagnostic(`${name}: ${reason}`);
        assert.match(name, /^(route|nptv6|masquerade)/, 'only the kernel may lack something');
      }
      assert.ok(populations.length > 0);
      for (const { rows } of populations) {
        assert.deepEqual(
          rows.map(({ row }) => row),
          names,
        );
        for (const { row, rounds } of rows)
          assert.ok(
            rounds.every(({ sent, delivered }) => sent > 0 && delivered > 0),
            row,
          );
      }
      for (const name of names)
        assert.ok(
          progress.some((line) => line.endsWith(`round 1 of 1, ${name}`)),
          name,
        );
      assert.doesNotMatch(command('ip netns list'), new RegExp(`pshim6-bench-${process.pid}-`));
    });
});
