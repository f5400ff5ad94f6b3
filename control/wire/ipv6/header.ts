/** The fixed IPv6 header (RFC 8200 §3), its pseudo-header checksum (§8.1), and Ethernet around it. */
import { ADDRESS_LENGTH, type Address } from './address.ts';

export const IPV6_HEADER_LENGTH = 40;
export const MINIMUM_MTU = 1280;
export const ETHERTYPE_IPV6 = 0x86dd;

export const NextHeader = { tcp: 6, icmp6: 58, shim6: 140 } as const;

export interface Ipv6Header {
  readonly trafficClass: number;
  readonly flowLabel: number;
  /** Octets after the fixed header. */
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: Address;
  readonly destination: Address;
}

/** Reads the fixed header at the start of `packet`; undefined when it is not a whole IPv6 header. */
export function decodeIpv6Header(packet: Uint8Array): Ipv6Header | undefined {
  if (packet.length < IPV6_HEADER_LENGTH || packet[0]! >> 4 !== 6) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const first = view.getUint32(0);
  return {
    trafficClass: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
    payloadLength: view.getUint16(4),
    nextHeader: packet[6]!,
    hopLimit: packet[7]!,
    source: packet.slice(8, 24),
    destination: packet.slice(24, 40),
  };
}

/** A whole IPv6 packet of `payload`, which must be shorter than 64 KiB. */
export function encodeIpv6(
  header: Pick<Ipv6Header, 'source' | 'destination' | 'nextHeader' | 'hopLimit'>,
  payload: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(IPV6_HEADER_LENGTH + payload.length);
  packet[0] = 0x60;
  packet[4] = payload.length >> 8;
  packet[5] = payload.length & 0xff;
  packet[6] = header.nextHeader;
  packet[7] = header.hopLimit;
  packet.set(header.source, 8);
  packet.set(header.destination, 24);
  packet.set(payload, IPV6_HEADER_LENGTH);
  return packet;
}

/** Internet checksum of `payload` under the pseudo-header; 0 over a payload that holds a right one. */
export function upperLayerChecksum(
  source: Address,
  destination: Address,
  nextHeader: number,
  payload: Uint8Array,
): number {
  let sum = payload.length + nextHeader;
  for (let index = 0; index < ADDRESS_LENGTH; index += 2) {
    sum += (source[index]! << 8) | source[index + 1]!;
    sum += (destination[index]! << 8) | destination[index + 1]!;
  }
  for (let index = 0; index + 1 < payload.length; index += 2)
    sum += (payload[index]! << 8) | payload[index + 1]!;
  if (payload.length & 1) sum += payload[payload.length - 1]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export type MacAddress = Uint8Array;

/** An Ethernet frame of an IPv6 packet, with an 802.1Q tag when `vlan` is not 0. */
export function encodeFrame(
  link: { readonly destination: MacAddress; readonly source: MacAddress; readonly vlan: number },
  packet: Uint8Array,
): Uint8Array {
  const tagged = link.vlan !== 0;
  const offset = tagged ? 18 : 14;
  const frame = new Uint8Array(offset + packet.length);
  frame.set(link.destination, 0);
  frame.set(link.source, 6);
  if (tagged) frame.set([0x81, 0x00, link.vlan >> 8, link.vlan & 0xff], 12);
  frame.set([ETHERTYPE_IPV6 >> 8, ETHERTYPE_IPV6 & 0xff], offset - 2);
  frame.set(packet, offset);
  return frame;
}

export function formatMac(mac: MacAddress): string {
  return [...mac].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
