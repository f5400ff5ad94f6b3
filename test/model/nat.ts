/** NATv6 as docs/natv6.md describes it; checksums by RFC 1071's sums, not by deltas. */

import { concat, dropped, link, type Outcome, passed, punt } from './outcome.ts';
import { FIXED, type Frame } from './packet.ts';
import { equal, hex, holds, type Nat, type NatHost, type Tables } from './tables.ts';
import { tooBig } from './too-big.ts';
import { intoTunnel } from './tunnel.ts';
import { findUpperLayer, Protocol, type UpperLayer } from './upper-layer.ts';

type Side = 'source' | 'destination';
const AT = { source: 8, destination: 24 } as const;
const other = (side: Side): Side => (side === 'source' ? 'destination' : 'source');

interface Examined {
  readonly upper: UpperLayer;
  /** The packet that an ICMPv6 error quotes, and where it begins. */
  readonly quoted: { readonly start: number; readonly upper: UpperLayer | undefined } | undefined;
  readonly ports: string;
}

const ICMP6_HEADER = 8;

function examine(frame: Frame, host: Side): Examined | 'malformed' | 'too-long' {
  const upper = findUpperLayer(frame.packet, 0, frame.length);
  if (typeof upper === 'string') return upper;
  const at = upper.offset;
  const isError =
    upper.protocol === Protocol.icmp6 &&
    at !== undefined &&
    at + ICMP6_HEADER + FIXED <= upper.end &&
    frame.packet[at]! < 128;
  if (!isError) return { upper, quoted: undefined, ports: portsOf(frame.packet, upper, host) };
  const start = at + ICMP6_HEADER;
  const inner = findUpperLayer(frame.packet, start, upper.end);
  if (typeof inner === 'string') {
    // What follows the quoted header makes no sense: as if nothing did (RFC 8200 §4.7).
    return { upper, quoted: { start, upper: undefined }, ports: '59 0000 0000' };
  }
  return { upper, quoted: { start, upper: inner }, ports: portsOf(frame.packet, inner, other(host)) };
}

/** The protocol, the host's port and the peer's; in an echo its identifier twice; 0 where there are none. */
function portsOf(packet: Uint8Array, upper: UpperLayer, host: Side): string {
  const { protocol, offset } = upper;
  const none = '0000 0000';
  if (upper.isFragment) return `44 ${none}`;
  if (offset === undefined || offset + 8 > upper.end) return `${protocol} ${none}`;
  const word = (at: number) => hex(packet.slice(offset + at, offset + at + 2));
  const { tcp, udp, udpLite, dccp, sctp } = Protocol;
  if ([tcp, udp, udpLite, dccp, sctp].includes(protocol))
    return host === 'source' ? `${protocol} ${word(0)} ${word(2)}` : `${protocol} ${word(2)} ${word(0)}`;
  const isEcho = protocol === Protocol.icmp6 && (packet[offset] === 128 || packet[offset] === 129);
  return `${protocol} ${isEcho ? `${word(4)} ${word(4)}` : none}`;
}

const flowKey = (host: Uint8Array, peer: Uint8Array, ports: string) => `${hex(host)} ${hex(peer)} ${ports}`;

/** bpf/hash.h's formula, over the CMULA and the peer's address; its upper 8 bits. */
function bucketOf({ hashKey }: Nat, host: Uint8Array, peer: Uint8Array): number {
  let sum = 0n;
  const view = new DataView(concat(host, peer).buffer);
  for (let word = 0; word < 4; word++) sum += view.getBigUint64(word * 8) * hashKey[word]!;
  return Number((sum >> 56n) & 0xffn);
}

/** Multicast, link-local, and ::/32 with loopback and unspecified: no router forwards from or to them. */
const RESERVED = [
  { address: Uint8Array.of(0xff), length: 8 },
  { address: Uint8Array.of(0xfe, 0x80), length: 10 },
  { address: new Uint8Array(4), length: 32 },
];
const isRoutable = (address: Uint8Array): boolean => !RESERVED.some((prefix) => holds(prefix, address));

/** Nor is a peer what the site's providers delegated. */
const isPeer = ({ providerPrefixes }: Nat, address: Uint8Array): boolean =>
  isRoutable(address) && !providerPrefixes.some((prefix) => holds(prefix, address));

export function translateOutbound(tables: Tables, frame: Frame): Outcome {
  const { nat, uplinks, ports } = tables;
  if (nat === undefined || !isPeer(nat, frame.destination)) return passed;
  const examined = examine(frame, 'source');
  if (examined === 'malformed') return dropped('malformed');
  if (examined === 'too-long') return dropped('extension-headers');
  const host = nat.hosts.find(({ ulid }) => equal(ulid, frame.source));
  const noted = tables.flows.get(flowKey(frame.source, frame.destination, examined.ports));
  const order = nat.choices[bucketOf(nat, frame.source, frame.destination)]!;
  const locators = (noted === undefined ? order : [noted, ...order]).flatMap(
    (uplink) => host?.locators.find((locator) => locator.uplink === uplink) ?? [],
  );
  if (locators.length === 0) return passed;
  if (frame.hopLimit <= 1) return punt(frame, 'hop-limit');
  const isUp = (index: number) => {
    const uplink = uplinks.get(index);
    return uplink?.up === true && ports.has(uplink.port);
  };
  const chosen = locators.find(({ uplink }) => isUp(uplink));
  if (chosen === undefined) return punt(frame, 'no-uplink');
  if (!nat.silent && chosen !== locators[0] && isInConnection(frame.packet, examined.upper))
    return punt(frame, 'nat-lost');
  const uplink = uplinks.get(chosen.uplink)!;
  if (frame.length > uplink.mtu)
    return tooBig(tables, frame, 'too-big', { uplink: chosen.uplink, mtu: uplink.mtu });
  const port = ports.get(uplink.port)!;
  if (!port.present) return dropped('no-port');
  const packet = translated(frame, examined, 'source', chosen.address);
  packet[7] = frame.hopLimit - 1;
  return { verdict: 'forwarded', frame: concat(link(port, uplink.gateway), intoTunnel(uplink, packet)) };
}

/** A TCP segment without SYN and RST (RFC 9293 §3.1). */
function isInConnection(packet: Uint8Array, { protocol, offset, end }: UpperLayer): boolean {
  if (protocol !== Protocol.tcp || offset === undefined || offset + 14 > end) return false;
  return (packet[offset + 13]! & 0x06) === 0;
}

export function translateInbound(tables: Tables, frame: Frame): Outcome {
  const { nat, ports } = tables;
  const isOurs = ({ locators }: NatHost) => locators.some(({ address }) => equal(address, frame.destination));
  const host = nat?.hosts.find(isOurs);
  if (nat === undefined || host === undefined || !isRoutable(frame.source)) return passed;
  const { uplink } = host.locators.find(({ address }) => equal(address, frame.destination))!;
  const examined = examine(frame, 'destination');
  if (examined === 'malformed') return dropped('malformed');
  if (examined === 'too-long') return dropped('extension-headers');
  const { upper, quoted } = examined;
  if (upper.isRouted || quoted?.upper?.protocol === 140) return passed;
  const port = host.link && ports.get(host.link.port);
  if (port !== undefined) {
    if (frame.hopLimit <= 1) return punt(frame, 'outside-hop-limit');
    if (frame.length > port.mtu) return tooBig(tables, frame, 'outside-too-big', { mtu: port.mtu });
    if (!port.present) return dropped('no-port');
  }
  if (quoted === undefined && nat.choices[bucketOf(nat, host.ulid, frame.source)]![0] !== uplink)
    tables.flows.set(flowKey(host.ulid, frame.source, examined.ports), uplink);
  const packet = translated(frame, examined, 'destination', host.ulid);
  if (port === undefined)
    return { verdict: 'to-kernel', frame: concat(frame.octets.subarray(0, frame.network), packet) };
  packet[7] = frame.hopLimit - 1;
  return { verdict: 'forwarded', frame: concat(link(port, host.link!.mac), packet) };
}

/** The packet with `to` on `side`, in an error's quoted packet on the other, and every checksum as right as before. */
function translated(frame: Frame, { upper, quoted }: Examined, side: Side, to: Uint8Array): Uint8Array {
  const from = frame[side];
  const packet = Uint8Array.from(frame.packet);
  packet.set(to, AT[side]);
  // What the sums that the outer checksum covers grow by.
  let growth = sumOf(to) - sumOf(from);
  if (quoted !== undefined) {
    const address = quoted.start + AT[other(side)];
    if (equal(packet.slice(address, address + 16), from)) {
      packet.set(to, address);
      const made = quoted.upper && makeUp(packet, quoted.upper, sumOf(to) - sumOf(from));
      // The quoted checksum, if it was changed, took back what the quoted address added.
      if (made !== true) growth *= 2;
    }
  }
  makeUp(packet, upper, growth);
  return packet;
}

/** Sum of an address's words, modulo 65535: arithmetic in one's complement (RFC 1071). */
function sumOf(address: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < 16; index += 2) sum += (address[index]! << 8) | address[index + 1]!;
  return sum % 0xffff;
}

/** Keeps checksum + everything it covers the same, modulo 65535. False where the packet has no such checksum. */
function makeUp(packet: Uint8Array, { protocol, checksum }: UpperLayer, growth: number): boolean {
  if (checksum === undefined) return false;
  if (growth % 0xffff === 0) return true;
  const before = (packet[checksum]! << 8) | packet[checksum + 1]!;
  // RFC 6935 §5: a UDP datagram without a checksum.
  if (protocol === Protocol.udp && before === 0) return false;
  let after = (((before - growth) % 0xffff) + 0xffff) % 0xffff;
  if (after === 0 && (protocol === Protocol.udp || protocol === Protocol.udpLite)) after = 0xffff;
  packet.set([after >> 8, after & 0xff], checksum);
  return true;
}
