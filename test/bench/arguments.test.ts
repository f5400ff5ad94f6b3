import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from './arguments.ts';
import { UsageError } from './errors.ts';

describe('bench arguments', () => {
  it('measure all populations by default', () => {
    const { populations, rounds, seconds } = parseArguments(['dataplane']);
    assert.deepEqual(
      populations.map(({ contexts, distribution }) => `${contexts} ${distribution}`),
      ['1 uniform', '1024 uniform', '65536 uniform', '1048576 uniform', '1048576 zipf'],
    );
    assert.deepEqual({ rounds, seconds }, { rounds: 5, seconds: 1 });
  });

  it('compare what is asked for, each once, or all', () => {
    const compared = (text: string) => parseArguments(['dataplane', '--compare', text]).comparisons;
    assert.deepEqual(parseArguments(['dataplane']).comparisons, ['shim']);
    assert.deepEqual(compared('vlan,nat,vlan'), ['nat', 'vlan']);
    assert.deepEqual(compared('all'), [
      'shim',
      'nat',
      'imix',
      'large',
      'vlan',
      'source',
      'tunnel',
      'steering',
    ]);
  });

  it('leave out the larger populations', () => {
    const { populations } = parseArguments(['dataplane', '--contexts', '1024']);
    assert.deepEqual(
      populations.map(({ contexts }) => contexts),
      [1, 1024],
    );
  });

  it('take numbers and files', () => {
    const parsed = parseArguments([
      'dataplane',
      '--rounds',
      '3',
      '--seconds=0.5',
      '--json',
      'a.json',
      '--svg',
      'b.svg',
    ]);
    assert.deepEqual([parsed.rounds, parsed.seconds, parsed.json, parsed.svg], [3, 0.5, 'a.json', 'b.svg']);
  });

  it('stay small in quick mode', () => {
    assert.ok(parseArguments(['dataplane', '--quick']).populations.every(({ contexts }) => contexts <= 1024));
  });

  for (const words of [
    [],
    ['control-plane'],
    ['dataplane', 'twice'],
    ['dataplane', '--rounds', '0'],
    ['dataplane', '--rounds', '1.5'],
    ['dataplane', '--rounds', ''],
    ['dataplane', '--seconds', 'long'],
    ['dataplane', '--seconds', 'Infinity'],
    ['dataplane', '--cpu', '100000'],
    ['dataplane', '--frobnicate'],
    ['dataplane', '--compare', 'nat,everything'],
    ['dataplane', '--compare', ''],
    ['dataplane', '--contexts', '0'],
    ['dataplane', '--json'],
  ]) {
    it(`refuse ${JSON.stringify(words)}`, () => {
      assert.throws(() => parseArguments(words), UsageError);
    });
  }
});
