/** The order in which retransmissions try locator pairs. */
import type { Address } from '../wire/ipv6/address.ts';

export interface LocatorPair {
  readonly source: Address;
  readonly destination: Address;
}

/** What is to be said against a pair, by what others found lately; 0: nothing. */
export type Doubts = (pair: LocatorPair) => number;

/** As `locatorPair`, those first that there are the least doubts about: a pair that others found dead costs a timeout. */
export function leastDoubtful(
  sources: readonly Address[],
  destinations: readonly Address[],
  attempt: number,
  doubts: Doubts,
): LocatorPair {
  const count = sources.length * destinations.length;
  const pairs = Array.from({ length: count }, (_, turn) => {
    const pair = locatorPair(sources, destinations, turn);
    return { pair, doubts: doubts(pair) };
  });
  return pairs.sort((first, second) => first.doubts - second.doubts)[attempt % count]!.pair;
}

/**
 * The pair for an attempt, counted from 0, over all pairs in turn. Both ends change from one attempt to the next
 * where they can, so that the second attempt already avoids whatever stopped the first. Neither list is empty.
 */
export function locatorPair(
  sources: readonly Address[],
  destinations: readonly Address[],
  attempt: number,
): LocatorPair {
  const period = leastCommonMultiple(sources.length, destinations.length);
  const turn = attempt % (sources.length * destinations.length);
  return {
    source: sources[turn % sources.length]!,
    // After a period both ends would repeat: go on with the next destination for each source.
    destination: destinations[(turn + Math.floor(turn / period)) % destinations.length]!,
  };
}

function leastCommonMultiple(first: number, second: number): number {
  let [greater, lesser] = [first, second];
  while (lesser > 0) [greater, lesser] = [lesser, greater % lesser];
  return (first * second) / greater;
}
