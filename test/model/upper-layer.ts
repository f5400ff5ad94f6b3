/** The upper-layer header of a packet, as far as a translator must know it (RFC 6296 §3.5 and the protocols' own). */
import { FIXED, Header, u16 } from './packet.ts';

export interface UpperLayer {
  readonly protocol: number;
  /** Octets from the IPv6 header; undefined in a later fragment, or where it cannot be found. */
  readonly offset: number | undefined;
  /** Where its checksum over the pseudo-header is, if it has one and the packet holds it. */
  readonly checksum: number | undefined;
  readonly isFragment: boolean;
  /** A Routing header has segments left: the destination is a hop. */
  readonly isRouted: boolean;
  /** Where the packet ends. */
  readonly end: number;
}

export const Protocol = {
  tcp: 6,
  udp: 17,
  dccp: 33,
  icmp6: 58,
  sctp: 132,
  mobility: 135,
  udpLite: 136,
  hip: 139,
};

/** RFC 9293, 768, 3828, 4340, 4443, 6275, 7401: what each checksum is called and covers differs, the place is all we need. */
const CHECKSUMS: ReadonlyMap<number, number> = new Map([
  [Protocol.tcp, 16],
  [Protocol.udp, 6],
  [Protocol.udpLite, 6],
  [Protocol.dccp, 6],
  [Protocol.icmp6, 2],
  [Protocol.mobility, 4],
  [Protocol.hip, 4],
]);
const MOST_HEADERS = 8;
const MOST_OCTETS = 512;

/** Of the packet that begins at `start` and ends at `limit` or before. */
export function findUpperLayer(
  octets: Uint8Array,
  start: number,
  limit: number,
): UpperLayer | 'malformed' | 'too-long' {
  const end = Math.min(limit, start + FIXED + u16(octets, start + 4));
  let protocol = octets[start + 6]!;
  let offset = start + FIXED;
  let isFragment = false;
  let isRouted = false;
  for (let headers = 0; ; headers++) {
    const first = offset === start + FIXED;
    const known = [Header.routing, Header.destination, Header.fragment] as number[];
    if (!known.includes(protocol) && !(protocol === Header.hopByHop && first)) break;
    if (headers === MOST_HEADERS) return 'too-long';
    if (offset + 8 > end) return 'malformed';
    if (protocol === Header.fragment) {
      const field = u16(octets, offset + 2);
      if (field >> 3 > 0 || (field & 1) > 0) isFragment = true;
      if (field >> 3 > 0)
        return {
          protocol: octets[offset]!,
          offset: undefined,
          checksum: undefined,
          isFragment,
          isRouted,
          end,
        };
    }
    if (protocol === Header.routing && octets[offset + 3]! > 0) isRouted = true;
    const length = protocol === Header.fragment ? 8 : 8 + octets[offset + 1]! * 8;
    protocol = octets[offset]!;
    offset += length;
    if (offset > end) return 'malformed';
    if (offset > start + FIXED + MOST_OCTETS) return 'too-long';
  }
  const place = CHECKSUMS.get(protocol);
  const checksum = place !== undefined && offset + place + 2 <= end ? offset + place : undefined;
  return { protocol, offset, checksum, isFragment, isRouted, end };
}
