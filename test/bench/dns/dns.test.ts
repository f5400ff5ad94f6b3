import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../errors.ts';
import { benchDns, KINDS, type Row } from './bench.ts';
import { parseDnsArguments, renderDns } from './command.ts';

describe('bench -- dns', () => {
  it('takes rounds, seconds and a file, and says what is wrong with them', () => {
    assert.deepEqual(parseDnsArguments([]), { rounds: 3, seconds: 4, json: undefined, names: undefined });
    const words = ['--rounds', '1', '--seconds', '2', '--names', 'kept', '--json', 'x'];
    assert.deepEqual(parseDnsArguments(words), { rounds: 1, seconds: 2, json: 'x', names: 'kept' });
    for (const words of [['--rounds', '0'], ['--seconds', '1.5'], ['--names', 'old'], ['--core'], ['x']]) {
      assert.throws(() => parseDnsArguments(words), UsageError);
    }
  });

  it('shows each row beside unbound', () => {
    const row: Row = {
      contender: 'unbound',
      kind: 'k',
      names: 'new',
      perSecond: 2000,
      perCore: 4000,
      p50: 0.1,
      p99: 1,
      addedP99: 0.5,
      addedP99AtSameRate: 0.25,
      lost: 0,
    };
    const [, , first, second] = renderDns([row, { ...row, contender: 'alg', perCore: 3000 }]).split('\n');
    assert.match(first!, /unbound, dns64 \| 2,000 \| 4,000 \| 1\.00 \|/);
    assert.match(second!, /this ALG \| 2,000 \| 3,000 \| 0\.75 \|/);
  });

  it('measures a real ALG in front of a real BIND', async () => {
    const [row, ...more] = await benchDns({
      rounds: 1,
      seconds: 1,
      progress: () => undefined,
      contenders: ['alg'],
      kinds: [KINDS[2]!],
      names: ['new'],
    });
    assert.deepEqual(more, []);
    assert.ok(row!.perSecond > 50 && row!.perCore > 50 && row!.p99 >= row!.p50 && row!.p50 > 0);
  });
});
