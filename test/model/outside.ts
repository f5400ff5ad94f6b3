/** From providers to hosts: RFC 5533 §12.2 and §7.17, RFC 4443, and the box's policy. */
import { translateInbound } from './nat.ts';
import { concat, dropped, link, type Outcome, passed, punt } from './outcome.ts';
import {
  type Chain,
  FIXED,
  type Frame,
  followChain,
  Header,
  hasRouterAlert,
  readFrame,
  u16,
} from './packet.ts';
import { equal, holds, type IngressContext, type Tables } from './tables.ts';
import { tooBig } from './too-big.ts';
import { outOfTunnel } from './tunnel.ts';

const PAYLOAD_HEADER = 8;
const ICMP6 = 58;
const ICMP6_HEADER = 8;

export function outside(tables: Tables, octets: Uint8Array): Outcome {
  const arrived = readFrame(octets);
  if (arrived === 'other') return passed;
  if (arrived === 'malformed') return dropped('malformed');
  const frame = outOfTunnel(tables, arrived);
  // What a frame looks like that is dropped does not matter.
  if (typeof frame === 'string') return dropped(frame);
  const outcome = decide(tables, frame);
  return frame === arrived ? outcome : { ...outcome, opened: frame.octets };
}

function decide(tables: Tables, frame: Frame): Outcome {
  const isUlid = (address: Uint8Array) => tables.ulids.some((prefix) => holds(prefix, address));
  if (isUlid(frame.source) || isUlid(frame.destination)) return dropped('ulid-outside');
  if (hasRouterAlert(frame)) return passed;
  const chain = followChain(frame.packet, frame.length, true);
  if (chain === 'malformed') return dropped('malformed');
  if (chain === 'too-long') return dropped('extension-headers');
  if (chain.next === ICMP6 && isAboutShimmed(frame, chain.offset)) return punt(frame, 'icmp-error');
  if (chain.next !== Header.shim6) return translateInbound(tables, frame);
  return receive(tables, frame, chain);
}

/** An ICMPv6 error, of a known type or not (RFC 4443 §2.1, §2.4 (a)), about a packet of its destination's that bears a SHIM6 header. */
function isAboutShimmed({ packet, length, destination }: Frame, at: number): boolean {
  if (at + ICMP6_HEADER + FIXED > length || packet[at]! >= 128) return false;
  const quoted = packet.subarray(at + ICMP6_HEADER, length);
  if (!equal(quoted.slice(8, 24), destination)) return false;
  const chain = followChain(quoted, quoted.length, true);
  return typeof chain === 'object' && chain.next === Header.shim6;
}

function receive(tables: Tables, frame: Frame, chain: Chain): Outcome {
  const { packet, length } = frame;
  const { offset } = chain;
  if (offset + PAYLOAD_HEADER > length) return dropped('malformed');
  const isPayload = (packet[offset + 2]! & 0x80) !== 0;
  const headerLength = packet[offset + 1]!;
  const tag =
    (BigInt(u16(packet, offset + 2) & 0x7fff) << 32n) |
    (BigInt(u16(packet, offset + 4)) << 16n) |
    BigInt(u16(packet, offset + 6));
  const context = tables.ingress.find((candidate) => candidate.tag === tag);
  if (!isPayload || headerLength !== 0 || context === undefined) {
    if (PAYLOAD_HEADER + headerLength * 8 > length - offset) return dropped('malformed');
    if (!isPayload) return punt(frame, 'control');
    return headerLength === 0 ? punt(frame, 'unknown-tag') : dropped('malformed');
  }
  const listed = context.peerLocators.some((locator) => equal(locator, frame.source));
  if (!listed && !context.anySource && tables.strictSource) return punt(frame, 'foreign-source');
  return deliver(tables, frame, chain, context);
}

function deliver(tables: Tables, frame: Frame, chain: Chain, context: IngressContext): Outcome {
  const port = context.link && tables.ports.get(context.link.port);
  if (port !== undefined) {
    if (frame.hopLimit <= 1) return punt(frame, 'outside-hop-limit');
    if (frame.length - PAYLOAD_HEADER > port.mtu)
      return tooBig(tables, frame, 'outside-too-big', { mtu: port.mtu + PAYLOAD_HEADER });
    if (!port.present) return dropped('no-port');
  }
  const packet = Uint8Array.from(frame.packet);
  packet[chain.pointer] = packet[chain.offset]!;
  const payloadLength = frame.length - PAYLOAD_HEADER - FIXED;
  packet.set([payloadLength >> 8, payloadLength & 0xff], 4);
  packet.set(context.peer, 8);
  packet.set(context.local, 24);
  const restored = concat(packet.subarray(0, chain.offset), packet.subarray(chain.offset + PAYLOAD_HEADER));
  if (port === undefined)
    return { verdict: 'to-kernel', frame: concat(frame.octets.subarray(0, frame.network), restored) };
  restored[7] = frame.hopLimit - 1;
  return { verdict: 'forwarded', frame: concat(link(port, context.link!.mac), restored) };
}
