/** Which forked context a packet takes (RFC 5533 §4.2): docs/steering.md's rules. */
import { type Frame, followChain, Header, u16 } from './packet.ts';
import { holds, type PortRange, type SteeringRule } from './tables.ts';
import { Protocol } from './upper-layer.ts';

interface Flow {
  readonly trafficClass: number;
  readonly protocol: number;
  /** undefined: the packet has none, or they are not in it. */
  readonly ports: { readonly source: number; readonly destination: number } | undefined;
}

const { tcp, udp, udpLite, dccp, sctp } = Protocol;
const WITH_PORTS: ReadonlySet<number> = new Set([tcp, udp, udpLite, dccp, sctp]);

/** The first rule that matches counts; 0 is the default context. What is malformed matches nothing. */
export function chooseFork(rules: readonly SteeringRule[], frame: Frame): number {
  const flow = describe(frame);
  if (flow === undefined) return 0;
  return rules.find((rule) => matches(rule, frame, flow))?.fork ?? 0;
}

/** What carries a Fragment header has no ports, so that all fragments of a packet go the same way. */
function describe({ packet, length }: Frame): Flow | undefined {
  const chain = followChain(packet, length, false);
  if (typeof chain === 'string') return undefined;
  const trafficClass = (u16(packet, 0) >> 4) & 0xff;
  const { next, offset } = chain;
  if (next === Header.fragment)
    return offset + 8 > length ? undefined : { trafficClass, protocol: packet[offset]!, ports: undefined };
  const ports =
    WITH_PORTS.has(next) && offset + 4 <= length
      ? { source: u16(packet, offset), destination: u16(packet, offset + 2) }
      : undefined;
  return { trafficClass, protocol: next, ports };
}

function matches(rule: SteeringRule, { source, destination }: Frame, flow: Flow): boolean {
  const { from, to, protocol, sourcePorts, destinationPorts, trafficClass } = rule;
  const inRange = (range: PortRange | undefined, port: number | undefined) =>
    range === undefined || (port !== undefined && range.first <= port && port <= range.last);
  return (
    (from === undefined || holds(from, source)) &&
    (to === undefined || holds(to, destination)) &&
    (protocol === undefined || protocol === flow.protocol) &&
    inRange(sourcePorts, flow.ports?.source) &&
    inRange(destinationPorts, flow.ports?.destination) &&
    (flow.trafficClass & trafficClass.mask) === trafficClass.value
  );
}
