/** What a Probe says, if it can be believed at all (RFC 5534 §5.2). */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import type { Probe } from '../wire/shim6/index.ts';
import { type EventName, Exploring, InboundOk, Operational } from './behaviour.ts';
import type { Counters } from './counters.ts';

/** A Probe and the addresses of the IPv6 header that carried it. */
export interface ReceivedProbe {
  readonly source: Address;
  readonly destination: Address;
  readonly probe: Probe;
}

const EVENTS: Readonly<Record<number, EventName>> = {
  [Operational]: 'Probe Operational',
  [Exploring]: 'Probe Exploring',
  [InboundOk]: 'Probe InboundOk',
};

/** Undefined, and counted, when the state is no legal one, or the message says that it was sent between others. */
export function readProbe(counters: Counters, received: ReceivedProbe): EventName | undefined {
  const { source, destination, probe } = received;
  const event = EVENTS[probe.state];
  if (event === undefined) {
    counters['probe-illegal-state']++;
    return undefined;
  }
  const [own] = probe.sent;
  const truthful =
    own !== undefined && equalAddress(own.source, source) && equalAddress(own.destination, destination);
  if (truthful) return event;
  counters['probe-wrong-addresses']++;
  return undefined;
}
