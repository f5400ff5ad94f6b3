/** ICMPv6 errors (RFC 4443 §2.1) that came from the network, and what they say of the packet they quote. */
import type { Address } from '../ipv6/address.ts';
import { afterOptions } from '../ipv6/extension-headers.ts';
import { decodeIpv6Header, IPV6_HEADER_LENGTH, NextHeader, upperLayerChecksum } from '../ipv6/header.ts';
import { DecodeError } from '../octets.ts';

export const Icmp6Type = {
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
} as const;

/** Of Parameter Problem: unrecognized Next Header type encountered. */
export const UNRECOGNIZED_NEXT_HEADER = 1;
/** Of Destination Unreachable. */
export const ADDRESS_UNREACHABLE = 3;
export const ICMP6_ERROR_HEADER_LENGTH = 8;

export interface ReceivedIcmp6Error {
  readonly source: Address;
  readonly destination: Address;
  readonly hopLimit: number;
  readonly type: number;
  readonly code: number;
  /** MTU of Packet Too Big, Pointer of Parameter Problem, unused otherwise. */
  readonly word: number;
  /** As much as is quoted of the packet in error, from its IPv6 header on, which is whole. */
  readonly invoking: Uint8Array;
}

const SECTION = 'RFC 4443 §2.1';

/** Reads a whole IPv6 packet that is an ICMPv6 error. Throws DecodeError. */
export function decodeIcmp6Error(packet: Uint8Array): ReceivedIcmp6Error {
  const header = decodeIpv6Header(packet);
  if (header === undefined) throw new DecodeError('truncated', 0, SECTION, 'no IPv6 header');
  const end = IPV6_HEADER_LENGTH + header.payloadLength;
  const at = afterOptions(packet.subarray(0, end));
  if (end > packet.length || at === undefined)
    throw new DecodeError('truncated', packet.length, SECTION, 'the packet is not whole');
  if (at.nextHeader !== NextHeader.icmp6)
    throw new DecodeError('value', at.pointer, SECTION, `Next Header ${at.nextHeader} is not ICMPv6`);
  const message = packet.subarray(at.offset, end);
  const invoking = message.subarray(ICMP6_ERROR_HEADER_LENGTH);
  if (decodeIpv6Header(invoking) === undefined)
    throw new DecodeError('truncated', at.offset, SECTION, 'it quotes no IPv6 header');
  const { source, destination, hopLimit } = header;
  if (upperLayerChecksum(source, destination, NextHeader.icmp6, message) !== 0)
    throw new DecodeError('checksum', at.offset + 2, 'RFC 4443 §2.3', 'wrong checksum');
  const word = new DataView(message.buffer, message.byteOffset).getUint32(4);
  return { source, destination, hopLimit, type: message[0]!, code: message[1]!, word, invoking };
}
