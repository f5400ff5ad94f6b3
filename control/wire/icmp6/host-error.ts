/**
 * An error about a shimmed packet, told to the host that sent the packet as an error about the packet as the host sent
 * it: ULIDs for locators, no payload header, and numbers that fit (RFC 5533 §8).
 */
import { type Address, equalAddress, isLinkLocal } from '../ipv6/address.ts';
import type { ChainPosition } from '../ipv6/extension-headers.ts';
import { encodeIpv6, MINIMUM_MTU, NextHeader, upperLayerChecksum } from '../ipv6/header.ts';
import { PAYLOAD_HEADER_LENGTH } from '../shim6/payload-header.ts';
import {
  ADDRESS_UNREACHABLE,
  ICMP6_ERROR_HEADER_LENGTH,
  Icmp6Type,
  type ReceivedIcmp6Error,
} from './received-error.ts';

const PAYLOAD_LENGTH_OFFSET = 4;
const SOURCE_OFFSET = 8;
const DESTINATION_OFFSET = 24;

export interface HostErrorEnds {
  /** ULIDs of the host and of its peer. */
  readonly local: Address;
  readonly peer: Address;
  /** The box's address on the host's link. */
  readonly box: Address;
}

/**
 * The IPv6 packet for the host `local`. `shim` is the payload header in `error.invoking`, which is whole there.
 * Undefined when the error's hop limit does not carry it further.
 */
export function errorForHost(
  error: ReceivedIcmp6Error,
  shim: ChainPosition,
  { local, peer, box }: HostErrorEnds,
): Uint8Array | undefined {
  if (error.hopLimit <= 1) return undefined;
  const quoted = asSent(error.invoking, shim, local, peer);
  const message = new Uint8Array(ICMP6_ERROR_HEADER_LENGTH + quoted.length);
  const [type, code, word] = meaningForHost(error, shim);
  message[0] = type;
  message[1] = code;
  const view = new DataView(message.buffer);
  view.setUint32(4, word);
  message.set(quoted, ICMP6_ERROR_HEADER_LENGTH);
  const source = sourceForHost(error, peer, box);
  view.setUint16(2, upperLayerChecksum(source, local, NextHeader.icmp6, message));
  return encodeIpv6(
    { source, destination: local, nextHeader: NextHeader.icmp6, hopLimit: error.hopLimit - 1 },
    message,
  );
}

/**
 * The host knows the peer by its ULID alone. A router without a global address sends from its link-local one, which
 * means nothing on the host's link and goes no farther than its own (RFC 4291 §2.5.6): the box speaks for it.
 */
function sourceForHost({ source, invoking }: ReceivedIcmp6Error, peer: Address, box: Address): Address {
  const isFromPeer = equalAddress(source, invoking.subarray(DESTINATION_OFFSET, DESTINATION_OFFSET + 16));
  if (isFromPeer) return peer;
  return isLinkLocal(source) ? box : source;
}

/** The quoted packet as the host sent it. */
function asSent(invoking: Uint8Array, shim: ChainPosition, local: Address, peer: Address): Uint8Array {
  const sent = new Uint8Array(invoking.length - PAYLOAD_HEADER_LENGTH);
  sent.set(invoking.subarray(0, shim.offset));
  sent.set(invoking.subarray(shim.offset + PAYLOAD_HEADER_LENGTH), shim.offset);
  sent[shim.pointer] = invoking[shim.offset]!;
  const view = new DataView(sent.buffer);
  view.setUint16(PAYLOAD_LENGTH_OFFSET, view.getUint16(PAYLOAD_LENGTH_OFFSET) - PAYLOAD_HEADER_LENGTH);
  sent.set(local, SOURCE_OFFSET);
  sent.set(peer, DESTINATION_OFFSET);
  return sent;
}

/** Type, code and the word after the checksum. */
function meaningForHost(
  { type, code, word }: ReceivedIcmp6Error,
  shim: ChainPosition,
): readonly [type: number, code: number, word: number] {
  switch (type) {
    case Icmp6Type.packetTooBig:
      return [type, code, Math.max(MINIMUM_MTU, word - PAYLOAD_HEADER_LENGTH)];
    case Icmp6Type.parameterProblem: {
      const behind = shim.offset + PAYLOAD_HEADER_LENGTH;
      if (word >= behind) return [type, code, word - PAYLOAD_HEADER_LENGTH];
      if (word < shim.offset && word !== shim.pointer) return [type, code, word];
      // The host sent no payload header: what is wrong with ours is that the peer cannot be reached by it. The same
      // is done for tunnel headers (RFC 2473 §8.3).
      return [Icmp6Type.destinationUnreachable, ADDRESS_UNREACHABLE, 0];
    }
    default:
      return [type, code, word];
  }
}
