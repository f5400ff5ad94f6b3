/** Order statistics of a handful of rounds. */

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Of an even number of values: the mean of the middle two. Throws RangeError when there are none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no median of nothing');
  const sorted = [...values].sort((first, second) => first - second);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) };
}

/** Round by round, so that what slows a whole round cancels. */
export function ratios(values: readonly number[], references: readonly number[]): number[] {
  if (values.length !== references.length) throw new RangeError('rounds to compare differ in number');
  return values.map((value, round) => value / references[round]!);
}
