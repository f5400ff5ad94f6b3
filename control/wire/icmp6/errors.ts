/** ICMPv6 errors (RFC 4443 §3) about a packet that a host sent. */
import { type Address, isMulticast, isUnspecified } from '../ipv6/address.ts';
import { afterOptions } from '../ipv6/extension-headers.ts';
import {
  decodeIpv6Header,
  encodeIpv6,
  IPV6_HEADER_LENGTH,
  MINIMUM_MTU,
  NextHeader,
  upperLayerChecksum,
} from '../ipv6/header.ts';
import { isPayload, PAYLOAD_HEADER_LENGTH } from '../shim6/payload-header.ts';

export type Icmp6Error =
  | { readonly kind: 'no-route' }
  | { readonly kind: 'address-unreachable' }
  | { readonly kind: 'packet-too-big' /** octets */; readonly mtu: number }
  | { readonly kind: 'hop-limit-exceeded' };

const HEADER_LENGTH = 8;
const HOP_LIMIT = 64;

/** Type, code and the 32-bit field after the checksum. */
function fields(error: Icmp6Error): readonly [type: number, code: number, word: number] {
  switch (error.kind) {
    case 'no-route':
      return [1, 0, 0];
    case 'address-unreachable':
      return [1, 3, 0];
    case 'packet-too-big':
      return [2, 0, error.mtu];
    case 'hop-limit-exceeded':
      return [3, 0, 0];
  }
}

/** Of ICMPv6 messages: errors are below the one, Redirect (RFC 4861 §4.5) is the other. */
const INFORMATIONAL = 128;
const REDIRECT = 137;

/** Whether a packet is an ICMPv6 error or a Redirect, or carries one behind a payload header. */
function isUnanswerable(packet: Uint8Array): boolean {
  let at = afterOptions(packet);
  if (at?.nextHeader === NextHeader.shim6 && isPayload(packet.subarray(at.offset))) {
    // A payload header is eight octets like the shortest extension header, and begins like one.
    at = { offset: at.offset + PAYLOAD_HEADER_LENGTH, pointer: at.offset, nextHeader: packet[at.offset]! };
  }
  if (at?.nextHeader !== NextHeader.icmp6) return false;
  const type = packet[at.offset] ?? 0;
  return type < INFORMATIONAL || type === REDIRECT;
}

/**
 * The IPv6 packet that tells the sender of `invoking` about `error`, quoting as much of it as fits
 * in 1280 octets. Undefined where RFC 4443 §2.4 (e) forbids an answer: the invoking packet is an
 * ICMPv6 error or a Redirect itself, was sent to a multicast address, or its source is no single host.
 */
export function encodeIcmp6Error(
  source: Address,
  invoking: Uint8Array,
  error: Icmp6Error,
): Uint8Array | undefined {
  const header = decodeIpv6Header(invoking);
  if (header === undefined || isUnspecified(header.source) || isMulticast(header.source)) return undefined;
  if (isMulticast(header.destination) && error.kind !== 'packet-too-big') return undefined;
  if (isUnanswerable(invoking)) return undefined;

  const quoted = invoking.subarray(0, MINIMUM_MTU - IPV6_HEADER_LENGTH - HEADER_LENGTH);
  const message = new Uint8Array(HEADER_LENGTH + quoted.length);
  const view = new DataView(message.buffer);
  const [type, code, word] = fields(error);
  message[0] = type;
  message[1] = code;
  view.setUint32(4, word);
  message.set(quoted, HEADER_LENGTH);
  view.setUint16(2, upperLayerChecksum(source, header.source, NextHeader.icmp6, message));
  return encodeIpv6(
    { source, destination: header.source, nextHeader: NextHeader.icmp6, hopLimit: HOP_LIMIT },
    message,
  );
}
