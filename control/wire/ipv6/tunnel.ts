/** IPv6 in IPv6 (RFC 2473). */
import type { Address } from './address.ts';
import { decodeIpv6Header, IPV6_HEADER_LENGTH } from './header.ts';

/** Octets that a tunnel adds to each packet. */
export const TUNNEL_HEADER_LENGTH = IPV6_HEADER_LENGTH;
export const NEXT_HEADER_IPV6 = 41;
const HOP_LIMIT = 64;

export interface TunnelEnds {
  readonly local: Address;
  readonly remote: Address;
}

/** A whole IPv6 packet within another, which has its traffic class and flow label (RFC 6040 §4.1, RFC 6438). */
export function encapsulate({ local, remote }: TunnelEnds, packet: Uint8Array): Uint8Array {
  const outer = new Uint8Array(TUNNEL_HEADER_LENGTH + packet.length);
  outer.set(packet.subarray(0, 4));
  outer[4] = packet.length >> 8;
  outer[5] = packet.length & 0xff;
  outer[6] = NEXT_HEADER_IPV6;
  outer[7] = HOP_LIMIT;
  outer.set(local, 8);
  outer.set(remote, 24);
  outer.set(packet, TUNNEL_HEADER_LENGTH);
  return outer;
}

/** The ends of the tunnel that a packet is in, as its sender sees them; undefined when it is in none. */
export function tunnelOf(packet: Uint8Array): TunnelEnds | undefined {
  const header = decodeIpv6Header(packet);
  if (header?.nextHeader !== NEXT_HEADER_IPV6) return undefined;
  return { local: header.source, remote: header.destination };
}
