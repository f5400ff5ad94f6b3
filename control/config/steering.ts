/** What a configuration may say of steering: `steering.rules`. */
import { z } from 'zod';
import { SteeringLimits } from '../dataplane/layout.generated.ts';
import type { PortRange, SteeringRule } from '../steering/rules.ts';
import { AddressError, formatAddress, parseAddress } from '../wire/ipv6/address.ts';
import { type Prefix, parsePrefix } from '../wire/ipv6/prefix.ts';

/** Names that people use, and their numbers. */
const PROTOCOLS = {
  tcp: 6,
  udp: 17,
  dccp: 33,
  esp: 50,
  ah: 51,
  icmp6: 58,
  sctp: 132,
  'udp-lite': 136,
} as const;
/** Those that begin with ports. */
const WITH_PORTS: ReadonlySet<number> = new Set([
  PROTOCOLS.tcp,
  PROTOCOLS.udp,
  PROTOCOLS.dccp,
  PROTOCOLS.sctp,
  PROTOCOLS['udp-lite'],
]);
const ANY: Prefix = { address: new Uint8Array(16), length: 0 };
const DSCP_SHIFT = 2;

/** A prefix, or an address, which is a prefix of 128 bits. */
const addresses = z.string().transform((text, context) => {
  try {
    return text.includes('/') ? parsePrefix(text) : { address: parseAddress(text), length: 128 };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const ports = z.union([z.int(), z.string()]).transform((value, context): PortRange => {
  const match = PORTS.exec(String(value));
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last > 65535 || first > last) {
    context.addIssue({
      code: 'custom',
      message: 'ports are a number up to 65535, or a range like 5060-5061',
    });
    return z.NEVER;
  }
  return { first, last };
});

const protocol = z.union([
  z.int().min(0).max(254),
  z.enum(Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[]),
]);

const rule = z
  .strictObject({
    /** Hosts: a CMULA or a prefix of them; all of the site when absent. */
    from: addresses.default(ANY),
    /** Peers by their ULIDs; all when absent. */
    to: addresses.default(ANY),
    protocol: protocol.optional(),
    'source-ports': ports.optional(),
    'destination-ports': ports.optional(),
    /** Differentiated Services codepoint (RFC 2474): the upper six bits of the traffic class. */
    dscp: z.int().min(0).max(63).optional(),
    /** The context that takes what matches: 0 the default one, others with tags and paths of their own. */
    fork: z
      .int()
      .min(0)
      .max(SteeringLimits.MAX_FORKS - 1),
    /** Providers, the best first; others only while none of these works. */
    prefer: z.array(z.string().min(1)).max(8).default([]),
  })
  .transform((fields): SteeringRule => {
    const { dscp } = fields;
    return {
      source: fields.from,
      destination: fields.to,
      protocol: typeof fields.protocol === 'string' ? PROTOCOLS[fields.protocol] : fields.protocol,
      sourcePorts: fields['source-ports'],
      destinationPorts: fields['destination-ports'],
      trafficClass:
        dscp === undefined ? { value: 0, mask: 0 } : { value: dscp << DSCP_SHIFT, mask: 63 << DSCP_SHIFT },
      fork: fields.fork,
      prefer: fields.prefer,
    };
  });

export const steeringSchema = z
  .strictObject({
    /** The first that matches a packet counts; what none matches takes the default context. */
    rules: z.array(rule).max(SteeringLimits.MAX_STEERING_RULES).default([]),
  })
  .prefault({});

/** Rules that contradict the rest of the configuration or each other. */
export function* steeringContradictions(
  rules: readonly SteeringRule[],
  providers: readonly string[],
): Generator<string> {
  const preferences = new Map<number, string>();
  for (const [index, { fork, prefer, protocol: number, ...fields }] of rules.entries()) {
    const key = `steering.rules.${index}`;
    const unknown = prefer.find((name) => !providers.includes(name));
    if (unknown !== undefined)
      yield `${key}.prefer: ${unknown} is none of the providers (${providers.join(', ')})`;
    if (fork === 0 && prefer.length > 0)
      yield `${key}.prefer: the default context (fork 0) takes providers by their priority`;
    const words = prefer.join(', ');
    const before = preferences.get(fork);
    if (before !== undefined && before !== words)
      yield `${key}.prefer: fork ${fork} prefers ${before || 'nothing'} in a rule before, ${words || 'nothing'} here`;
    preferences.set(fork, words);
    const hasPorts = fields.sourcePorts !== undefined || fields.destinationPorts !== undefined;
    if (hasPorts && number !== undefined && !WITH_PORTS.has(number))
      yield `${key}: protocol ${number} has no ports (${formatAddress(fields.source.address)}/${fields.source.length})`;
  }
}
