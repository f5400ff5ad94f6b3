/** Ethernet and IPv6 as RFC 8200 describes them, read for the model. */
export interface Frame {
  readonly octets: Uint8Array;
  /** Octets before the IPv6 header. */
  readonly network: number;
  /** From the IPv6 header to the frame's end, padding and all. */
  readonly packet: Uint8Array;
  /** Of the IPv6 packet, octets. */
  readonly length: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

export const FIXED = 40;
export const Header = { hopByHop: 0, routing: 43, fragment: 44, destination: 60, shim6: 140 } as const;
/** Most extension headers that precede a payload header (RFC 8200 §4.1), and their octets. */
const MOST_HEADERS = 4;
const MOST_OCTETS = 512;

export const u16 = (octets: Uint8Array, at: number): number => (octets[at]! << 8) | octets[at + 1]!;

/** The IPv6 packet in an Ethernet frame with at most one VLAN tag (802.1Q, 802.1ad). */
export function readFrame(octets: Uint8Array): Frame | 'other' | 'malformed' {
  if (octets.length < 14) return 'other';
  // To many stations on the link: not for a router to forward (RFC 4443 §2.4 (e)).
  if (octets[0]! % 2 === 1) return 'other';
  let network = 14;
  let type = u16(octets, 12);
  if (type === 0x8100 || type === 0x88a8) {
    if (octets.length < 18) return 'other';
    network = 18;
    type = u16(octets, 16);
  }
  if (type !== 0x86dd) return 'other';
  const packet = octets.subarray(network);
  if (packet.length < FIXED || packet[0]! >> 4 !== 6) return 'malformed';
  const length = FIXED + u16(packet, 4);
  if (length > packet.length) return 'malformed';
  return {
    octets,
    network,
    packet,
    length,
    nextHeader: packet[6]!,
    hopLimit: packet[7]!,
    source: packet.slice(8, 24),
    destination: packet.slice(24, 40),
  };
}

export interface Step {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
  readonly segmentsLeft: number;
}

/** The headers of options and routes that a packet begins with, and what stands behind them. */
export interface Chain {
  readonly steps: readonly Step[];
  readonly next: number;
  readonly offset: number;
  /** Of the octet that names `next`. */
  readonly pointer: number;
}

/**
 * Follows Hop-by-Hop Options (only as the first header), Routing and Destination Options headers in the packet that
 * ends at `end`. `stopAtRoute`: what is behind a Routing header with segments left is for another node.
 */
export function followChain(
  packet: Uint8Array,
  end: number,
  stopAtRoute: boolean,
): Chain | 'malformed' | 'too-long' {
  const steps: Step[] = [];
  let next = packet[6]!;
  let pointer = 6;
  let offset = FIXED;
  const isStep = () =>
    next === Header.routing || next === Header.destination || (next === Header.hopByHop && offset === FIXED);
  while (isStep()) {
    if (steps.length === MOST_HEADERS) return 'too-long';
    if (offset + 8 > end) return 'malformed';
    const length = 8 + packet[offset + 1]! * 8;
    const step = { type: next, offset, length, segmentsLeft: packet[offset + 3]! };
    if (offset + length > end) return 'malformed';
    if (offset + length > FIXED + MOST_OCTETS) return 'too-long';
    steps.push(step);
    if (stopAtRoute && step.type === Header.routing && step.segmentsLeft > 0)
      return { steps, next: Header.routing, offset, pointer };
    pointer = offset;
    next = packet[offset]!;
    offset += length;
  }
  return { steps, next, offset, pointer };
}

/** Is Router Alert (RFC 2711) among the first eight Hop-by-Hop options? */
export function hasRouterAlert({ packet, nextHeader }: Frame): boolean {
  if (nextHeader !== Header.hopByHop || packet.length < FIXED + 8) return false;
  const length = 8 + packet[FIXED + 1]! * 8;
  let at = 2;
  for (let option = 0; option < 8 && at < length && FIXED + at + 2 <= packet.length; option++) {
    const type = packet[FIXED + at]!;
    if (type === 5) return true;
    // Pad1 has no length (RFC 8200 §4.2).
    at += type === 0 ? 1 : 2 + packet[FIXED + at + 1]!;
  }
  return false;
}
