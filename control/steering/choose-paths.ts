/** Which locator pairs a context uses: a primary and an alternate that shares as little with it as can be. */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';

export interface SteeringLocator {
  readonly address: Address;
  /** RFC 5533 §5.15.3: lower is better. */
  readonly priority: number;
  /** False: known not to work (its uplink is down, or the peer called it BROKEN). */
  readonly usable: boolean;
}

export interface LocatorChoice {
  readonly source: Address;
  readonly destination: Address;
}

/** False when a packet from `source` is known not to get to `destination`, though both work (a route was withdrawn). */
export type Reaches = (source: Address, destination: Address) => boolean;

interface Pair {
  readonly source: SteeringLocator;
  readonly destination: SteeringLocator;
  readonly reaches: boolean;
}

const byPriority = (first: SteeringLocator, second: SteeringLocator) => first.priority - second.priority;

/**
 * One or two pairs, the first to be used and one behind it; none when a side has no locator.
 *
 * `current`, the pair in use, stays first while it works: contexts leave a pair that does not, and go back to a better
 * one only when they are told to (by being asked without `current`). What does not work comes last but is not left
 * out: an uplink that is down may be the next to come back.
 */
export function choosePaths(
  local: readonly SteeringLocator[],
  peer: readonly SteeringLocator[],
  reaches: Reaches = () => true,
  current?: LocatorChoice,
): readonly LocatorChoice[] {
  const pairs = orderedPairs(local, peer, reaches);
  const inUse = current && pairs.find((pair) => isPair(pair, current) && works(pair));
  const primary =
    inUse ??
    best(pairs, ({ reaches, source, destination }) => [!reaches, !destination.usable, !source.usable]);
  if (primary === undefined) return [];
  const others = pairs.filter(
    ({ source, destination }) =>
      source !== primary.source || (destination !== primary.destination && destination.usable),
  );
  const alternate = best(others, ({ source, destination, reaches }) => [
    source === primary.source,
    !reaches,
    !source.usable,
    !destination.usable,
    destination === primary.destination,
  ]);
  return [primary, alternate].flatMap((pair) =>
    pair === undefined ? [] : [{ source: pair.source.address, destination: pair.destination.address }],
  );
}

const works = ({ source, destination, reaches }: Pair): boolean =>
  source.usable && destination.usable && reaches;

export const sameChoice = (first: LocatorChoice, second: LocatorChoice): boolean =>
  equalAddress(first.source, second.source) && equalAddress(first.destination, second.destination);

const isPair = ({ source, destination }: Pair, choice: LocatorChoice): boolean =>
  sameChoice({ source: source.address, destination: destination.address }, choice);

/** By the priority of the source, then by that of the destination. */
function orderedPairs(
  local: readonly SteeringLocator[],
  peer: readonly SteeringLocator[],
  reaches: Reaches,
): readonly Pair[] {
  const destinations = peer.toSorted(byPriority);
  return local.toSorted(byPriority).flatMap((source) =>
    destinations.map((destination) => ({
      source,
      destination,
      reaches: reaches(source.address, destination.address),
    })),
  );
}

/** The first of those with the fewest faults, the earliest fault being the gravest. */
function best(pairs: readonly Pair[], faults: (pair: Pair) => readonly boolean[]): Pair | undefined {
  const weight = (pair: Pair) => faults(pair).reduce((sum, fault) => sum * 2 + Number(fault), 0);
  let found: Pair | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const pair of pairs) {
    const grave = weight(pair);
    if (grave < least) [found, least] = [pair, grave];
  }
  return found;
}
