/** Steering rules in the data path: struct steering in bpf/layout.h. */
import type { PortRange, SteeringRule } from '../steering/rules.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';
import {
  Prefix as PrefixLayout,
  SteeringRule as Rule,
  Steering,
  SteeringLimits,
} from './layout.generated.ts';

const ALL_PORTS: PortRange = { first: 0, last: 65535 };

/** Replaces all rules. Throws RangeError for more than fit, which a configuration cannot have. */
export function writeSteering(memory: Uint8Array, rules: readonly SteeringRule[]): void {
  if (rules.length > SteeringLimits.MAX_STEERING_RULES) throw new RangeError(`${rules.length} rules`);
  const view = new DataView(memory.buffer, memory.byteOffset, Steering.size);
  // While they are being written none counts.
  view.setUint32(Steering.rules, 0, true);
  for (const [index, rule] of rules.entries()) writeRule(memory, Steering.rule + index * Rule.size, rule);
  view.setUint32(Steering.rules, rules.length, true);
}

function writeRule(memory: Uint8Array, at: number, rule: SteeringRule): void {
  const view = new DataView(memory.buffer, memory.byteOffset + at, Rule.size);
  writePrefix(memory, at + Rule.source, rule.source);
  writePrefix(memory, at + Rule.destination, rule.destination);
  const { sourcePorts, destinationPorts } = rule;
  for (const [offset, { first, last }] of [
    [Rule.sourcePort, sourcePorts ?? ALL_PORTS],
    [Rule.destinationPort, destinationPorts ?? ALL_PORTS],
  ] as const) {
    view.setUint16(offset, first, true);
    view.setUint16(offset + 2, last, true);
  }
  view.setUint8(Rule.hasPorts, sourcePorts === undefined && destinationPorts === undefined ? 0 : 1);
  view.setUint8(Rule.protocol, rule.protocol ?? SteeringLimits.ANY_PROTOCOL);
  view.setUint8(Rule.trafficClass, rule.trafficClass.value);
  view.setUint8(Rule.trafficClassMask, rule.trafficClass.mask);
  view.setUint32(Rule.fork, rule.fork, true);
}

function writePrefix(memory: Uint8Array, at: number, prefix: Prefix): void {
  memory.set(prefix.address, at + PrefixLayout.address);
  new DataView(memory.buffer, memory.byteOffset + at).setUint32(PrefixLayout.length, prefix.length, true);
}
