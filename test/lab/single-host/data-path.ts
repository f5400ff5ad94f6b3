/** A host's own SHIM6 data path, packet by packet in user space: what the boxes' XDP programs do for theirs. */
import { type Address, equalAddress } from '../../../control/wire/ipv6/address.ts';
import { IPV6_HEADER_LENGTH } from '../../../control/wire/ipv6/header.ts';
import type { ContextTag } from '../../../control/wire/shim6/context-tag.ts';
import { encodePayloadHeader, PAYLOAD_HEADER_LENGTH } from '../../../control/wire/shim6/payload-header.ts';

/** Hop-by-Hop Options and Routing: the payload header goes behind them (RFC 5533 §4.6). */
const BEFORE_PAYLOAD_HEADER = new Set([0, 43]);
const SHIM6 = 140;

export interface LocatorPair {
  readonly source: Address;
  readonly destination: Address;
}

/** The packet between locators, with the payload header put in; undefined for one that is cut short. */
export function shim(packet: Uint8Array, pair: LocatorPair, receiverTag: ContextTag): Uint8Array | undefined {
  let next = 6;
  let offset = IPV6_HEADER_LENGTH;
  while (BEFORE_PAYLOAD_HEADER.has(packet[next]!)) {
    if (offset + 8 > packet.length) return undefined;
    next = offset;
    offset += (packet[offset + 1]! + 1) * 8;
  }
  if (offset > packet.length) return undefined;
  const result = new Uint8Array(packet.length + PAYLOAD_HEADER_LENGTH);
  result.set(packet.subarray(0, offset));
  result.set(encodePayloadHeader({ nextHeader: packet[next]!, receiverTag }), offset);
  result.set(packet.subarray(offset), offset + PAYLOAD_HEADER_LENGTH);
  result[next] = SHIM6;
  return address(result, pair, PAYLOAD_HEADER_LENGTH);
}

/** The packet between ULIDs, with the payload header at `offset` taken out. */
export function unshim(packet: Uint8Array, offset: number, ulids: LocatorPair): Uint8Array {
  const result = new Uint8Array(packet.length - PAYLOAD_HEADER_LENGTH);
  result.set(packet.subarray(0, offset));
  result.set(packet.subarray(offset + PAYLOAD_HEADER_LENGTH), offset);
  let next = 6;
  for (let header = IPV6_HEADER_LENGTH; header < offset; header += (packet[header + 1]! + 1) * 8)
    next = header;
  result[next] = packet[offset]!;
  return address(result, ulids, -PAYLOAD_HEADER_LENGTH);
}

/** Writes addresses and a payload length that is `longer` by so many octets. */
function address(packet: Uint8Array, { source, destination }: LocatorPair, longer: number): Uint8Array {
  const view = new DataView(packet.buffer);
  view.setUint16(4, view.getUint16(4) + longer);
  packet.set(source, 8);
  packet.set(destination, 24);
  return packet;
}

export const contains = (locators: readonly { readonly address: Address }[], wanted: Address): boolean =>
  locators.some((locator) => equalAddress(locator.address, wanted));
