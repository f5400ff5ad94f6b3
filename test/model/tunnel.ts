/** Tunnels to exit routers: RFC 2473 §3, §5.1 and the congestion marks of RFC 6040 §4. */
import { concat } from './outcome.ts';
import { FIXED, type Frame, Header, readFrame, u16 } from './packet.ts';
import { equal, type Tables, type Uplink } from './tables.ts';

const IPV6 = 41;
const NOT_ECT = 0;
const ECT_1 = 1;
const CE = 3;

const ecnOf = (packet: Uint8Array): number => (packet[1]! >> 4) & 3;

/** The packet as it leaves by the uplink. */
export function intoTunnel({ tunnel }: Uplink, packet: Uint8Array): Uint8Array {
  if (tunnel === undefined) return packet;
  const length = FIXED + u16(packet, 4);
  const fixed = [...packet.subarray(0, 4), length >> 8, length & 0xff, IPV6, 64];
  return concat(fixed, tunnel.local, tunnel.remote, packet);
}

/** The frame without the tunnel that it came by; as it is, if it came by none. */
export function outOfTunnel(tables: Tables, frame: Frame): Frame | 'malformed' | 'tunnel-congestion' {
  const { packet, length, source, destination, nextHeader } = frame;
  const isTunnel = ({ tunnel }: Uplink) =>
    tunnel !== undefined && equal(tunnel.remote, source) && equal(tunnel.local, destination);
  if (![...tables.uplinks.values()].some(isTunnel)) return frame;
  if (nextHeader !== IPV6 && nextHeader !== Header.destination) return frame;
  let offset = FIXED;
  if (nextHeader === Header.destination) {
    if (offset + 8 > length) return 'malformed';
    offset += 8 + packet[offset + 1]! * 8;
    if (offset > length || offset > FIXED + 512) return 'malformed';
    if (packet[FIXED] !== IPV6) return frame;
  }
  if (offset + FIXED > length) return 'malformed';
  const inner = Uint8Array.from(packet.subarray(offset));
  if (FIXED + u16(inner, 4) > length - offset) return 'malformed';
  const ecn = combined(ecnOf(inner), ecnOf(packet));
  if (ecn === undefined) return 'tunnel-congestion';
  inner[1] = (inner[1]! & 0xcf) | (ecn << 4);
  const opened = readFrame(concat(frame.octets.subarray(0, frame.network), inner));
  return typeof opened === 'string' ? 'malformed' : opened;
}

/** Figure 4 of RFC 6040; undefined: the packet is to be dropped. */
function combined(inner: number, outer: number): number | undefined {
  if (inner === NOT_ECT) return outer === CE ? undefined : NOT_ECT;
  if (outer === CE) return CE;
  return inner !== CE && outer === ECT_1 ? ECT_1 : inner;
}
