/** The figures as text: aligned tables and bars. */
import { ROW_TITLES } from './row.ts';
import type { PopulationSummary, RowSummary } from './summary.ts';

const BAR_WIDTH = 40;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** One table per population, and under each the bars of its rows. */
export function renderTables(populations: readonly PopulationSummary[]): string {
  const fastest = Math.max(...populations.flatMap(({ rows }) => rows.map(({ rate }) => rate.median)));
  return populations.map((population) => renderPopulation(population, fastest)).join('\n\n');
}

function renderPopulation({ label, rows, references }: PopulationSummary, fastest: number): string {
  const headings = ['Mpps', 'lowest', 'highest', ...references.map((name) => `/${name}`), 'lost'];
  const table = alignColumns([[label, ...headings], ...rows.map((row) => cells(row, references))]);
  return table
    .map((line, index) => (index === 0 ? line : `${line}  ${bar(rows[index - 1]!.rate.median / fastest)}`))
    .join('\n');
}

function cells(
  { row, rate, ratio, loss }: RowSummary,
  references: PopulationSummary['references'],
): string[] {
  const fixed = (value: number | undefined) => value?.toFixed(2) ?? '-';
  return [
    ROW_TITLES[row],
    ...[rate.median, rate.lowest, rate.highest].map(fixed),
    ...references.map((reference) => fixed(ratio[reference])),
    `${(loss * 100).toFixed(1)}%`,
  ];
}

/** Pads the first column to the right and the others to the left. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
}

/** A bar of at most 40 characters, to an eighth of one; `share` in 0 … 1. */
export function bar(share: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH * 8);
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]!;
}
