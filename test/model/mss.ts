/** The Maximum Segment Size that hosts announce (RFC 9293 §3.7.1), where docs/icmp.md has it clamped. */
import { FIXED, u16 } from './packet.ts';
import { findUpperLayer, Protocol } from './upper-layer.ts';

const TCP_HEADER = 20;
const SYN = 0x02;
const Option = { end: 0, noOperation: 1, mss: 2 } as const;
const MSS_LENGTH = 4;

/**
 * In the packet of `length` octets, if it holds the whole header of a SYN: every MSS option that announces segments
 * too long for packets of `mtu` octets. The checksum stays as right as it was.
 */
export function clampSegments(packet: Uint8Array, length: number, mtu: number): void {
  const upper = findUpperLayer(packet, 0, length);
  if (typeof upper === 'string' || upper.protocol !== Protocol.tcp || upper.offset === undefined) return;
  const tcp = upper.offset;
  if (tcp + TCP_HEADER > upper.end || (packet[tcp + 13]! & SYN) === 0) return;
  const end = tcp + (packet[tcp + 12]! >> 4) * 4;
  if (end > upper.end) return;
  const most = mtu - FIXED - TCP_HEADER;
  const before = sumOf(packet, tcp, end);
  for (const at of mssOptions(packet, tcp + TCP_HEADER, end))
    if (u16(packet, at + 2) > most) packet.set([most >> 8, most & 0xff], at + 2);
  makeUp(packet, tcp + 16, sumOf(packet, tcp, end) - before);
}

/** RFC 9293 §3.1: one octet, or a length of both octets and all that follow. Nothing follows an illegal length. */
function mssOptions(packet: Uint8Array, start: number, end: number): number[] {
  const found: number[] = [];
  for (let at = start; at < end && packet[at] !== Option.end; ) {
    if (packet[at] === Option.noOperation) {
      at++;
      continue;
    }
    const length = at + 1 < end ? packet[at + 1]! : 0;
    if (length < 2 || at + length > end) break;
    if (packet[at] === Option.mss && length === MSS_LENGTH) found.push(at);
    at += length;
  }
  return found;
}

/** Of 16-bit words (RFC 1071). */
function sumOf(packet: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2) sum += u16(packet, at);
  return sum;
}

/** Takes from the checksum what the sum grew by, modulo 65535. */
function makeUp(packet: Uint8Array, checksum: number, growth: number): void {
  if (growth === 0) return;
  const after = (((u16(packet, checksum) - growth) % 0xffff) + 0xffff) % 0xffff;
  packet.set([after >> 8, after & 0xff], checksum);
}
