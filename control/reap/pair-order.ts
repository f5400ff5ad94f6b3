/** Which pair an exploration tries next, RFC 5534 §4.3. */
import { equalAddress } from '../wire/ipv6/address.ts';
import { commonPrefix, isPossible, selectionRank } from './address-selection.ts';
import type { PathMemory } from './path-memory.ts';
import type { LocatorPair, Subject } from './subject.ts';

/** Pairs considered of one context: 16 locators at each end make no more than 256, whose first are enough. */
const MOST_PAIRS = 64;

export const samePair = (first: LocatorPair, second: LocatorPair): boolean =>
  equalAddress(first.source, second.source) && equalAddress(first.destination, second.destination);

export const includesPair = (pairs: readonly LocatorPair[], pair: LocatorPair): boolean =>
  pairs.some((one) => samePair(one, pair));

interface Candidate extends LocatorPair {
  /** RFC 6724, then local preference, then the peer's, then RFC 6724's longest prefix. Lower is better. */
  readonly preference: number;
  readonly broken: boolean;
}

/** All pairs of locators that work here and that the peer accepts as source; combinations that make no sense left out. */
export function candidates(subject: Subject): readonly Candidate[] {
  const sources = subject.localLocators.filter(({ usable, acknowledged }) => usable && acknowledged);
  const pairs: Candidate[] = [];
  for (const local of sources) {
    for (const peer of subject.peerLocators) {
      const [source, destination] = [local.address, peer.address];
      if (!isPossible(source, destination)) continue;
      const preference =
        ((selectionRank(source, destination) * 256 + local.priority) * 256 + peer.priority) * 256 +
        (128 - commonPrefix(source, destination));
      pairs.push({ source, destination, preference, broken: peer.broken });
    }
  }
  if (pairs.length <= MOST_PAIRS) return pairs;
  return pairs.sort((first, second) => first.preference - second.preference).slice(0, MOST_PAIRS);
}

export interface OrderInput {
  readonly now: number;
  readonly memory: PathMemory;
  readonly isUsable: (pair: LocatorPair) => boolean;
  /** Tried since the list was begun, in vain so far. */
  readonly tried: readonly LocatorPair[];
  /** The pair of the peer's last probe, reversed: the likeliest candidate (RFC 5534 Appendix A, example 4). */
  readonly hint: LocatorPair | undefined;
}

/**
 * The best pair that is not tried yet; undefined when all are. A pair that cannot work or that the peer called broken
 * comes last. What lately worked for the same prefixes comes first, what did not comes late; then what has least in
 * common with the pairs that failed; then the hint, then preference. A probe that just came counts as having worked.
 */
export function nextPair(pairs: readonly Candidate[], input: OrderInput): LocatorPair | undefined {
  let best: Candidate | undefined;
  let bestHope = Number.POSITIVE_INFINITY;
  for (const pair of pairs) {
    if (includesPair(input.tried, pair)) continue;
    const hope = despair(pair, input);
    if (hope > bestHope || (hope === bestHope && pair.preference >= best!.preference)) continue;
    [best, bestHope] = [pair, hope];
  }
  return best;
}

const VERDICTS = { alive: 0, unknown: 1, dead: 2 } as const;

/** Lower is better; preferences decide between equals. */
function despair(pair: Candidate, { now, memory, isUsable, tried, hint }: OrderInput): number {
  let shared = 0;
  for (const one of tried) {
    if (equalAddress(one.source, pair.source)) shared++;
    if (equalAddress(one.destination, pair.destination)) shared++;
  }
  const hopeless = Number(!isUsable(pair)) + Number(pair.broken);
  const isHint = hint !== undefined && samePair(hint, pair);
  const verdict = isHint ? 'alive' : memory.verdict(now, pair);
  return ((hopeless * 4 + VERDICTS[verdict]) * 1024 + shared) * 2 + Number(!isHint);
}
