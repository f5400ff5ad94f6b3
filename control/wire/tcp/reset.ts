/** The RST that ends a TCP connection for the host that sent a segment of it. */
import {
  decodeIpv6Header,
  encodeIpv6,
  IPV6_HEADER_LENGTH,
  NextHeader,
  upperLayerChecksum,
} from '../ipv6/header.ts';

const TCP_HEADER_LENGTH = 20;
const HOP_LIMIT = 64;
const EXTENSION_HEADERS: ReadonlySet<number> = new Set([0, 43, 60]);
const FLAGS = 13;
const Flag = { syn: 0x02, rst: 0x04, ack: 0x10 } as const;
/** Data offset 5: a header without options. */
const DATA_OFFSET = 5 << 4;

/**
 * The IPv6 packet that answers the segment in `invoking` as its peer would that knows no such connection: in the
 * segment's acknowledgement number it holds what the host expects next, so that it is believed (RFC 9293 §3.10.7.1,
 * RFC 5961 §3.2). Undefined for a packet that is no TCP segment, for a reset, and for a segment without ACK.
 */
export function encodeTcpReset(invoking: Uint8Array): Uint8Array | undefined {
  const header = decodeIpv6Header(invoking);
  if (header === undefined) return undefined;
  let offset = IPV6_HEADER_LENGTH;
  let next = header.nextHeader;
  while (EXTENSION_HEADERS.has(next) && offset + 8 <= invoking.length) {
    next = invoking[offset]!;
    offset += (invoking[offset + 1]! + 1) * 8;
  }
  if (next !== NextHeader.tcp || offset + TCP_HEADER_LENGTH > invoking.length) return undefined;
  const segment = invoking.subarray(offset, offset + TCP_HEADER_LENGTH);
  if ((segment[FLAGS]! & (Flag.syn | Flag.rst | Flag.ack)) !== Flag.ack) return undefined;

  const reset = new Uint8Array(TCP_HEADER_LENGTH);
  reset.set(segment.subarray(2, 4), 0);
  reset.set(segment.subarray(0, 2), 2);
  reset.set(segment.subarray(8, 12), 4);
  reset[12] = DATA_OFFSET;
  reset[FLAGS] = Flag.rst;
  const checksum = upperLayerChecksum(header.destination, header.source, NextHeader.tcp, reset);
  new DataView(reset.buffer).setUint16(16, checksum);
  return encodeIpv6(
    {
      source: header.destination,
      destination: header.source,
      nextHeader: NextHeader.tcp,
      hopLimit: HOP_LIMIT,
    },
    reset,
  );
}
