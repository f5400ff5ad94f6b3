/** What the rows about forked contexts steer by: rules as a configuration has them, and the fork beside a context. */
import { SteeringLimits } from '../../control/dataplane/layout.generated.ts';
import type { PortRange, SteeringRule } from '../../control/steering/rules.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { type Context, NEXT_UDP, PORTS } from './packets.ts';

export type SteeredName = 'insert-rules' | 'insert-unmatched-1' | 'insert-unmatched' | 'insert-fork';

/** The Forked Instance Identifier of all of them. */
export const FORK = 1;
const SITE = parsePrefix('fc00:db8:1::/48');
const PEERS = parsePrefix('fc00:db8:2::/48');
/** No packet here is for it. */
const ELSEWHERE = parsePrefix('fc00:db8:3::/48');

/** For datagrams; the ports of those that are sent here are PORTS. */
const rule = (destination: SteeringRule['destination'], destinationPorts: PortRange): SteeringRule => ({
  source: SITE,
  destination,
  protocol: NEXT_UDP,
  sourcePorts: undefined,
  destinationPorts,
  trafficClass: { value: 0, mask: 0 },
  fork: FORK,
  prefer: [],
});

/** For the packets' pairs and protocol, each for another port than theirs. */
const unmatched = (count: number): SteeringRule[] =>
  Array.from({ length: count }, (_, index) => {
    const port = 5060 + index;
    return rule(PEERS, { first: port, last: port });
  });

export const STEERING: Readonly<Record<SteeredName, readonly SteeringRule[]>> = {
  /** As many as there can be, for pairs other than those that send. */
  'insert-rules': unmatched(SteeringLimits.MAX_STEERING_RULES).map((each) => ({
    ...each,
    destination: ELSEWHERE,
  })),
  'insert-unmatched-1': unmatched(1),
  'insert-unmatched': unmatched(SteeringLimits.MAX_STEERING_RULES),
  'insert-fork': [rule(PEERS, { first: PORTS[1], last: PORTS[1] })],
};

/** The forked context of the same ULIDs: by other locators, with another tag. */
export function forkOf(context: Context): Context {
  const byOtherProvider = (locator: Context['localLocator']) => {
    const other = locator.slice();
    other[5]! ^= 0x03;
    return other;
  };
  return {
    ...context,
    localLocator: byOtherProvider(context.localLocator),
    peerLocator: byOtherProvider(context.peerLocator),
    tag: { high: context.tag.high ^ 0x2aaa, low: (context.tag.low ^ 0x5555_5555) >>> 0 },
  };
}
