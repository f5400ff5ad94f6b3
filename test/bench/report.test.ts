import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComparisonResult } from './dataplane.ts';
import { renderSvg } from './report-svg.ts';
import { alignColumns, bar, renderTables } from './report-table.ts';
import { summarize } from './summary.ts';

const rounds = (...delivered: number[]) =>
  delivered.map((count) => ({ sent: 4e6, delivered: count, seconds: 1 }));

const RESULT: ComparisonResult = {
  comparison: 'shim',
  unavailable: { masquerade: 'no such rule' },
  populations: [
    {
      population: { contexts: 1024, distribution: 'uniform' },
      rows: [
        { row: 'bare', rounds: rounds(4e6, 4e6, 2e6) },
        { row: 'limit', rounds: rounds(2e6, 4e6, 1e6) },
        { row: 'insert', rounds: rounds(1e6, 3e6, 1e6) },
      ],
    },
  ],
};

describe('summary', () => {
  const [{ rows, label } = assert.fail()] = summarize([RESULT]);

  it('says what was compared', () => {
    assert.equal(label, '64-byte frames: 1,024 contexts, uniform');
  });

  it('divides what goes in by what goes in', () => {
    const population = { contexts: 1, distribution: 'uniform' } as const;
    const measured = [
      { row: 'nat-in', rounds: rounds(3e6) },
      { row: 'nptv6', rounds: rounds(1e6) },
      { row: 'nptv6-in', rounds: rounds(2e6) },
    ] as const;
    const populations = [{ population, rows: measured }];
    const [summary] = summarize([{ comparison: 'nat', populations, unavailable: {} }]);
    assert.deepEqual(summary?.rows[0]?.ratio, { nptv6: 1.5 });
    assert.deepEqual(summary?.references, ['bare', 'nptv6', 'masquerade']);
  });

  it('gives rates in millions a second, with their spread', () => {
    assert.deepEqual(rows[0]!.rate, { median: 4, lowest: 2, highest: 4 });
  });

  it('takes ratios within each round, and leaves out what was not measured', () => {
    assert.deepEqual(rows[2]!.ratio, { bare: 0.5, limit: 0.75 });
  });

  it('counts what was lost', () => {
    assert.ok(Math.abs(rows[0]!.loss - 2 / 12) < 1e-9);
  });
});

describe('table', () => {
  it('aligns its columns', () => {
    assert.deepEqual(
      alignColumns([
        ['a', '1'],
        ['bcd', '22'],
      ]),
      ['a     1', 'bcd  22'],
    );
  });

  it('draws bars to an eighth of a character', () => {
    assert.equal(bar(0), '');
    assert.equal(bar(1), '█'.repeat(40));
    assert.equal(bar(1 / 320), '▏');
    assert.equal(bar(7), bar(1));
  });

  it('has a line for each row', () => {
    const lines = renderTables(summarize([RESULT])).split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[3]!, /insert.* 1\.00 +1\.00 +3\.00 +0\.50 +0\.75 +- /);
  });
});

describe('SVG', () => {
  const svg = renderSvg(summarize([RESULT]), 'made by <bench> & co');

  it('is well-formed: every element is closed, in order', () => {
    const open: string[] = [];
    for (const [, closing, name, selfClosing] of svg.matchAll(
      /<(\/?)([a-z]+)(?:\s+[a-zA-Z0-9-]+="[^"<]*")*\s*(\/?)>/g,
    )) {
      if (closing) assert.equal(open.pop(), name);
      else if (!selfClosing) open.push(name!);
    }
    assert.deepEqual(open, []);
    const leftover = svg.replace(/<\/?[a-z]+(?:\s+[a-zA-Z0-9-]+="[^"<]*")*\s*\/?>/g, '');
    assert.doesNotMatch(leftover, /[<>]|&(?!amp;|lt;|gt;)/);
  });

  it('escapes its texts', () => {
    assert.match(svg, /made by &lt;bench&gt; &amp; co/);
  });

  it('draws a bar for each row, the fastest widest, all inside the picture', () => {
    const widths = [...svg.matchAll(/<rect x="(\d+)" y="\d+" width="([\d.]+)"/g)].map((match) => ({
      right: Number(match[1]) + Number(match[2]),
      width: Number(match[2]),
    }));
    assert.equal(widths.length, 3);
    assert.equal(widths[0]!.width, widths[2]!.width * 4);
    assert.ok(widths.every(({ right }) => right <= 840));
  });
});
