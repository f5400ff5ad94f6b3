/** The tables as the specification speaks of them: lists and maps of values, without hashes, slots or deltas. */
export interface Prefix {
  readonly address: Uint8Array;
  readonly length: number;
}

/** 47 bits (RFC 5533 §4.3). */
export type Tag = bigint;

export interface Path {
  readonly uplink: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** Outbound half of a context. `draining`: packets that waited for it are on their way, others wait. */
export interface EgressContext {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Forked Instance Identifier (RFC 5533 §4.2); 0 is the pair's default context. */
  readonly fork: number;
  readonly tag: Tag;
  readonly paths: readonly Path[];
  readonly active: 0 | 1;
  readonly state: 'live' | 'draining';
}

/** A line of docs/steering.md's rules; what is undefined matches all. */
export interface SteeringRule {
  readonly from: Prefix | undefined;
  readonly to: Prefix | undefined;
  readonly protocol: number | undefined;
  readonly sourcePorts: PortRange | undefined;
  readonly destinationPorts: PortRange | undefined;
  /** The bits of the traffic class that `mask` has must be those of `value`. */
  readonly trafficClass: { readonly value: number; readonly mask: number };
  readonly fork: number;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Inbound half. */
export interface IngressContext {
  readonly tag: Tag;
  readonly peer: Uint8Array;
  readonly local: Uint8Array;
  readonly peerLocators: readonly Uint8Array[];
  readonly anySource: boolean;
  readonly link: HostLink | undefined;
}

export interface HostLink {
  readonly port: number;
  readonly mac: Uint8Array;
}

export interface Port {
  readonly mac: Uint8Array;
  /** 0: untagged. */
  readonly vlan: number;
  readonly mtu: number;
  /** The interface exists. */
  readonly present: boolean;
}

export interface Uplink {
  readonly port: number;
  readonly gateway: Uint8Array;
  readonly mtu: number;
  readonly up: boolean;
  /** To an exit router. */
  readonly tunnel: Tunnel | undefined;
}

export interface Tunnel {
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
}

export interface NatHost {
  readonly ulid: Uint8Array;
  readonly locators: readonly { readonly address: Uint8Array; readonly uplink: number }[];
  readonly link: HostLink | undefined;
}

export interface Nat {
  readonly silent: boolean;
  readonly hashKey: readonly bigint[];
  /** For each of 256 buckets its uplinks, the first tried first. */
  readonly choices: readonly (readonly number[])[];
  readonly providerPrefixes: readonly Prefix[];
  readonly hosts: readonly NatHost[];
}

export interface Tables {
  readonly site: readonly Prefix[];
  readonly ulids: readonly Prefix[];
  readonly strictSource: boolean;
  readonly clampMss: boolean;
  /** Frames come from the injection port. */
  readonly fromInjection: boolean;
  readonly egress: readonly EgressContext[];
  readonly rules: readonly SteeringRule[];
  readonly ingress: readonly IngressContext[];
  /** The box's own where frames come in, by VLAN identifier, 0: untagged. */
  readonly addresses: ReadonlyMap<number, Uint8Array>;
  /** By number; an absent one is none. */
  readonly ports: ReadonlyMap<number, Port>;
  readonly uplinks: ReadonlyMap<number, Uplink>;
  /** Octets, by `pathKey`. */
  readonly pathMtus: ReadonlyMap<string, number>;
  /** undefined: NATv6 is off. */
  readonly nat: Nat | undefined;
  /** NATv6's flows that use another uplink than their first, by `flowKey`. The programs add to it, and so does the model. */
  readonly flows: Map<string, number>;
}

export const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
export const pathKey = (uplink: number, destination: Uint8Array): string => `${uplink} ${hex(destination)}`;
export const equal = (first: Uint8Array, second: Uint8Array): boolean => hex(first) === hex(second);

/** Does the prefix hold the address (RFC 4291 §2.3)? Bit by bit. */
export function holds({ address, length }: Prefix, candidate: Uint8Array): boolean {
  for (let bit = 0; bit < length; bit++) {
    const mask = 0x80 >> (bit & 7);
    if ((address[bit >> 3]! & mask) !== (candidate[bit >> 3]! & mask)) return false;
  }
  return true;
}
