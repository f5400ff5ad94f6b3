import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from './arguments.ts';
import { command } from './command.ts';
import { benchDataplane } from './dataplane.ts';
import { ROW_NAMES } from './row.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

describe('bench dataplane --quick', { skip }, () => {
  it('delivers the right packets in every row, and leaves no namespace behind', async () => {
    const progress: string[] = [];
    const options = parseArguments(['dataplane', '--quick']);
    const { populations, unavailable } = await benchDataplane({
      ...options,
      progress: (line) => progress.push(line),
    });
    const names = ROW_NAMES.filter((name) => !(name in unavailable));
    assert.deepEqual(
      populations.map(({ rows }) => rows.map(({ row }) => row)),
      options.populations.map(() => names),
    );
    for (const name of ['bare', 'limit', 'insert', 'strip'] as const)
      assert.ok(names.includes(name), unavailable[name]);
    for (const { rows } of populations) {
      for (const { row, rounds } of rows) {
        assert.ok(
          rounds.every(({ sent, delivered }) => sent > 0 && delivered > 0),
          row,
        );
      }
    }
    for (const name of names)
      assert.ok(
        progress.some((line) => line.endsWith(`round 1 of 1, ${name}`)),
        name,
      );
    assert.doesNotMatch(command('ip netns list'), new RegExp(`pshim6-bench-${process.pid}-`));
  });
});
