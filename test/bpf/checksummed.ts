/** Packets whose checksums are right, computed anew over the whole packet and never by deltas. */
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { upperLayerChecksum } from '../../control/wire/ipv6/header.ts';
import { concat, counting, NextHeader, type Part, packet } from './packets.ts';

/** Where the checksum of an upper layer is that covers a pseudo-header; SCTP's and the others' cover none. */
const CHECKSUM_AT: ReadonlyMap<number, number> = new Map([
  [NextHeader.tcp, 16],
  [NextHeader.udp, 6],
  [33, 6],
  [NextHeader.icmp6, 2],
  [135, 4],
  [136, 6],
  [139, 4],
]);
const IPV6_LENGTH = 40;

export interface PacketFields {
  readonly source: string;
  readonly destination: string;
  readonly hopLimit?: number;
  readonly parts: readonly Part[];
}

/** `parts` with the checksum of the last one filled in for these addresses. */
export function summed(source: string, destination: string, parts: readonly Part[]): readonly Part[] {
  const last = parts.at(-1);
  const at = CHECKSUM_AT.get(last?.type ?? NextHeader.none);
  if (last === undefined || at === undefined || last.chained || last.octets.length < at + 2) return parts;
  const octets = Uint8Array.from(last.octets);
  octets.fill(0, at, at + 2);
  const sum = upperLayerChecksum(parseAddress(source), parseAddress(destination), last.type, octets);
  const written = sum === 0 && (last.type === NextHeader.udp || last.type === 136) ? 0xffff : sum;
  new DataView(octets.buffer).setUint16(at, written);
  return [...parts.slice(0, -1), { ...last, octets }];
}

/** A whole IPv6 packet, its checksum right. */
export const summedPacket = ({ source, destination, parts, ...rest }: PacketFields): Uint8Array =>
  packet({ source, destination, parts: summed(source, destination, parts), ...rest });

/** Octets from the quoted IPv6 header to the middle of its checksum; undefined where there is none. */
export function checksumMiddle(parts: readonly Part[]): number | undefined {
  const at = CHECKSUM_AT.get(parts.at(-1)!.type);
  const before = parts.slice(0, -1).reduce((sum, { octets }) => sum + octets.length, IPV6_LENGTH);
  return at === undefined ? undefined : before + at + 1;
}

export const upper = (type: number, octets: Uint8Array): Part => ({ type, octets, chained: false });

/** An ICMPv6 error (RFC 4443 §3) that quotes `quoted`. */
export const icmpError = (type: number, code: number, word: number, quoted: Uint8Array): Part =>
  upper(
    NextHeader.icmp6,
    concat([type, code, 0, 0, word >>> 24, (word >> 16) & 255, (word >> 8) & 255, word & 255], quoted),
  );

export const echo = (type: 128 | 129, identifier = 0x4242): Part =>
  upper(NextHeader.icmp6, concat([type, 0, 0, 0, identifier >> 8, identifier & 255, 0, 1], counting(17)));

/** Source port 40000, destination port 80, or the other way round. */
export const segment = (flags: number, data = 11, reverse = false): Part => {
  const ports = reverse ? [0, 80, 0x9c, 0x40] : [0x9c, 0x40, 0, 80];
  const rest = [1, 2, 3, 4, 5, 6, 7, 8, 0x50, flags, 0x20, 0, 0, 0, 0, 0];
  return upper(NextHeader.tcp, concat(ports, rest, counting(data)));
};

/** Is the checksum of the packet's upper-layer header, right behind the IPv6 header, right? */
export function isSummed(octets: Uint8Array, protocol: number): boolean {
  const payload = octets.slice(IPV6_LENGTH);
  return upperLayerChecksum(octets.slice(8, 24), octets.slice(24, 40), protocol, payload) === 0;
}
