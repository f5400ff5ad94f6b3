/** Packet Too Big (RFC 4443 §3.2) about a frame that came in, or what is done in its place. */
import { concat, dropped, type Outcome, punt } from './outcome.ts';
import { FIXED, type Frame, Header, u16 } from './packet.ts';
import type { Tables } from './tables.ts';

const ICMP6 = 58;
const ICMP6_HEADER = 8;
const TOO_BIG = 2;
/** RFC 8200 §5. An error is no longer (RFC 4443 §2.4 c). */
const MINIMUM_MTU = 1280;
/** Followed to see whether a packet is an ICMPv6 error: those of RFC 8200 §4.1 and a payload header, and their octets. */
const MOST_HEADERS = 5;
const MOST_OCTETS = 512;

/** `because` names the punt and the drop; `mtu` is what its sender gets through. */
export function tooBig(
  tables: Tables,
  frame: Frame,
  because: 'too-big' | 'outside-too-big',
  { mtu, uplink = 0 }: { mtu: number; uplink?: number },
): Outcome {
  const own = ownAddress(tables, frame);
  const upper = findUpper(frame);
  if (own === undefined || upper === undefined) return punt(frame, because, { uplink, mtu });
  const isError = upper.next === ICMP6 && frame.packet[upper.offset]! < 128;
  // RFC 4443 §2.4 (e).
  if (isError || frame.source[0] === 0xff || frame.source.every((octet) => octet === 0))
    return dropped(because);
  const value = Math.max(MINIMUM_MTU, mtu);
  const quoted = frame.packet.subarray(0, MINIMUM_MTU - FIXED - ICMP6_HEADER);
  const length = ICMP6_HEADER + quoted.length;
  const message = (checksum: number) =>
    concat([TOO_BIG, 0, checksum >> 8, checksum & 255, 0, 0, value >> 8, value & 255], quoted);
  const covered = concat(own, frame.source, [length >> 8, length & 255, 0, ICMP6], message(0));
  let sum = 0;
  for (let at = 0; at < covered.length; at += 2) sum += u16(covered, at);
  // In one's complement a sum that is not of zeros alone is never 0.
  const checksum = 0xffff - (sum % 0xffff || 0xffff);
  const fixed = [0x60, 0, 0, 0, length >> 8, length & 255, ICMP6, 64];
  const back = concat(
    frame.octets.slice(6, 12),
    frame.octets.slice(0, 6),
    frame.octets.slice(12, frame.network),
  );
  return {
    verdict: 'answered',
    frame: concat(back, fixed, own, frame.source, message(checksum)),
  };
}

/** The box's address on the link: of a VLAN by 802.1Q, or of none; VLAN 0 is none (IEEE 802.1Q §9.6). */
function ownAddress({ addresses }: Tables, { octets, network }: Frame): Uint8Array | undefined {
  if (network === 14) return addresses.get(0);
  return u16(octets, 12) === 0x8100 ? addresses.get(u16(octets, 14) & 0xfff) : undefined;
}

/** What is behind options, routes and payload header; undefined where that cannot be told. */
function findUpper({ packet, length }: Frame): { next: number; offset: number } | undefined {
  let next = packet[6]!;
  let offset = FIXED;
  for (let headers = 0; ; headers++) {
    const isHeader =
      next === Header.routing ||
      next === Header.destination ||
      (next === Header.hopByHop && offset === FIXED);
    if (!isHeader && (next !== Header.shim6 || headers === MOST_HEADERS)) return { next, offset };
    if (headers === MOST_HEADERS || offset + 8 > length) return undefined;
    const header = offset;
    next = packet[header]!;
    offset += 8 + packet[header + 1]! * 8;
    if (offset > length || offset > FIXED + MOST_OCTETS) return undefined;
  }
}
