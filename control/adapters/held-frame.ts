/** Looking into a frame that the data path punted: its addresses, its SHIM6 header. */
import type { WaitingFrame } from '../dataplane/first-packets.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { decodeIpv6Header, IPV6_HEADER_LENGTH } from '../wire/ipv6/header.ts';
import { DecodeError } from '../wire/octets.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import {
  decodePayloadHeader,
  encodePayloadHeader,
  PAYLOAD_HEADER_LENGTH,
  type PayloadHeader,
} from '../wire/shim6/payload-header.ts';

const EXTENSION_HEADERS = new Set([0, 43, 60]);
const SHIM6 = 140;

/** Offset and end of the SHIM6 header in an IPv6 packet, behind whatever extension headers precede it. */
export function findShim6(packet: Uint8Array): { readonly offset: number; readonly end: number } | undefined {
  const header = decodeIpv6Header(packet);
  if (header === undefined) return undefined;
  const end = Math.min(packet.length, IPV6_HEADER_LENGTH + header.payloadLength);
  let offset = IPV6_HEADER_LENGTH;
  let next = header.nextHeader;
  while (EXTENSION_HEADERS.has(next) && offset + 8 <= end) {
    next = packet[offset]!;
    offset += (packet[offset + 1]! + 1) * 8;
  }
  return next === SHIM6 && offset < end ? { offset, end } : undefined;
}

/** The payload header of an IPv6 packet, and where it is; undefined where there is none. */
export function findPayloadHeader(
  packet: Uint8Array,
): (PayloadHeader & { readonly offset: number }) | undefined {
  const found = findShim6(packet);
  if (found === undefined) return undefined;
  try {
    return { ...decodePayloadHeader(packet.subarray(found.offset, found.end)), offset: found.offset };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** The frame with another receiver tag: its context was made anew. Undefined for a frame without payload header. */
export function retag(
  { frame, networkOffset }: WaitingFrame,
  receiverTag: ContextTag,
): Uint8Array | undefined {
  const header = findPayloadHeader(frame.subarray(networkOffset));
  if (header === undefined) return undefined;
  const changed = Uint8Array.from(frame);
  const { nextHeader, offset } = header;
  const octets = encodePayloadHeader({ nextHeader, receiverTag }).subarray(0, PAYLOAD_HEADER_LENGTH);
  changed.set(octets, networkOffset + offset);
  return changed;
}

/** Of a frame that is known to hold an IPv6 header. */
export function frameAddresses({ frame, networkOffset }: WaitingFrame): {
  source: Address;
  destination: Address;
} {
  return {
    source: frame.subarray(networkOffset + 8, networkOffset + 24),
    destination: frame.subarray(networkOffset + 24, networkOffset + 40),
  };
}
