/** Which locator pairs a context uses: a primary and an alternate that shares as little with it as can be. */
import type { Address } from '../wire/ipv6/address.ts';

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

const byPriority = (first: SteeringLocator, second: SteeringLocator) => first.priority - second.priority;

/**
 * One or two pairs, the preferred first; none when a side has no locator.
 *
 * The preferred pair keeps the best local locator even while its uplink is down: the data path
 * takes the alternate by itself then, and comes back by itself, so an outage rewrites nothing.
 * What it cannot know is the peer's side, so locators the peer called broken come last.
 */
export function choosePaths(
  local: readonly SteeringLocator[],
  peer: readonly SteeringLocator[],
): readonly LocatorChoice[] {
  const sources = [...local].sort(byPriority);
  const destinations = [...peer].sort(
    (first, second) => Number(second.usable) - Number(first.usable) || byPriority(first, second),
  );
  const source = sources[0];
  const destination = destinations[0];
  if (source === undefined || destination === undefined) return [];
  const primary = { source: source.address, destination: destination.address };

  const others = sources.slice(1);
  const otherSource = others.find((locator) => locator.usable) ?? others[0];
  const otherDestination = destinations.slice(1).find((locator) => locator.usable) ?? destination;
  if (otherSource === undefined) {
    return otherDestination === destination
      ? [primary]
      : [primary, { ...primary, destination: otherDestination.address }];
  }
  return [primary, { source: otherSource.address, destination: otherDestination.address }];
}
