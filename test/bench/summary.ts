/** From measurements to the figures that are reported. */
import { describePopulation, type Population } from './choices.ts';
import { COMPARISONS, type ComparisonName, referenceOf } from './comparisons.ts';
import type { ComparisonResult, PopulationResult } from './dataplane.ts';
import type { Measurement } from './harness.ts';
import { ROW_NAMES, type RowName } from './row.ts';
import { ratios, type Spread, spread } from './statistics.ts';

export interface RowSummary {
  readonly row: RowName;
  /** Millions of packets a second at the far end, over the rounds. */
  readonly rate: Spread;
  /** Median over the rounds of this row's rate by the reference's rate of the same round. */
  readonly ratio: Readonly<Partial<Record<RowName, number>>>;
  /** Share of the packets sent that did not arrive. */
  readonly loss: number;
}

export interface PopulationSummary {
  readonly comparison: ComparisonName;
  readonly label: string;
  readonly population: Population;
  /** Keys of `ratio`. */
  readonly references: readonly RowName[];
  readonly rows: readonly RowSummary[];
}

export function summarize(results: readonly ComparisonResult[]): PopulationSummary[] {
  return results.flatMap(({ comparison, populations }) => {
    const { title, references } = COMPARISONS[comparison];
    return populations.map((result) => ({
      comparison,
      label: `${title}: ${describePopulation(result.population)}`,
      population: result.population,
      references,
      rows: summarizeRows(result, references),
    }));
  });
}

function summarizeRows({ rows }: PopulationResult, references: readonly RowName[]): RowSummary[] {
  const names = rows.map(({ row }) => row);
  const rates = new Map(rows.map(({ row, rounds }) => [row, rounds.map(megapackets)]));
  return ROW_NAMES.flatMap((row) => {
    const own = rates.get(row);
    const measured = rows.find((candidate) => candidate.row === row);
    if (own === undefined || measured === undefined) return [];
    const ratio: Partial<Record<RowName, number>> = {};
    for (const reference of references) {
      const others = rates.get(referenceOf(row, reference, names));
      if (others !== undefined) ratio[reference] = spread(ratios(own, others)).median;
    }
    return [{ row, rate: spread(own), ratio, loss: lost(measured.rounds) }];
  });
}

const megapackets = ({ delivered, seconds }: Measurement): number => delivered / seconds / 1e6;

function lost(rounds: readonly Measurement[]): number {
  const sent = rounds.reduce((sum, round) => sum + round.sent, 0);
  const delivered = rounds.reduce((sum, round) => sum + round.delivered, 0);
  return 1 - delivered / sent;
}
