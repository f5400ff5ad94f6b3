/** From hosts to providers: RFC 5533 §11.1 and §4.6, and the box's policy. */
import { clampSegments } from './mss.ts';
import { translateOutbound } from './nat.ts';
import { concat, dropped, link, type Outcome, passed, punt } from './outcome.ts';
import { FIXED, type Frame, followChain, Header, hasRouterAlert, readFrame } from './packet.ts';
import { chooseFork } from './steering.ts';
import { type EgressContext, equal, holds, type Path, pathKey, type Tables } from './tables.ts';
import { tooBig } from './too-big.ts';
import { intoTunnel } from './tunnel.ts';

const PAYLOAD_HEADER = 8;
/** Every link carries this much, and hosts need not send less (RFC 8200 §5). */
const MINIMUM_MTU = 1280;

export function inside(tables: Tables, octets: Uint8Array): Outcome {
  const frame = readFrame(octets);
  if (frame === 'other') return passed;
  if (frame === 'malformed') return dropped('malformed');
  if (hasRouterAlert(frame)) return passed;
  const contexts = tables.egress.filter(
    ({ source, destination }) => equal(source, frame.source) && equal(destination, frame.destination),
  );
  const context = contexts.find(({ fork }) => fork === 0);
  if (context === undefined) return withoutContext(tables, frame);
  if (context.state === 'draining' && !tables.fromInjection) return punt(frame, 'miss');
  if (frame.hopLimit <= 1) return punt(frame, 'hop-limit');
  const fork = chooseFork(tables.rules, frame);
  const forked = contexts.find((candidate) => candidate.fork === fork && candidate.state === 'live');
  const wanted = fork !== 0 && forked === undefined ? { wanted: fork } : {};
  return { ...sendBy(tables, frame, fork === 0 ? context : (forked ?? context)), ...wanted };
}

function sendBy(tables: Tables, frame: Frame, context: EgressContext): Outcome {
  const path = usablePath(tables, context);
  return path === undefined ? punt(frame, 'no-uplink') : send(tables, frame, context, path);
}

function withoutContext(tables: Tables, frame: Frame): Outcome {
  const inSite = (address: Uint8Array) => tables.site.some((prefix) => holds(prefix, address));
  if (!inSite(frame.source) || inSite(frame.destination)) return passed;
  if (tables.ulids.some((prefix) => holds(prefix, frame.destination))) return punt(frame, 'miss');
  return translateOutbound(tables, frame);
}

/** The active path, or the other one while its uplink is down. */
function usablePath({ uplinks, ports }: Tables, { paths, active }: EgressContext): Path | undefined {
  return [paths[active], paths[1 - active]].find((path) => {
    const uplink = path && uplinks.get(path.uplink);
    return uplink?.up === true && ports.has(uplink.port);
  });
}

function send(tables: Tables, frame: Frame, context: EgressContext, path: Path): Outcome {
  const uplink = tables.uplinks.get(path.uplink)!;
  const length = frame.length + PAYLOAD_HEADER;
  const learned = tables.pathMtus.get(pathKey(path.uplink, path.destination)) ?? uplink.mtu;
  const mtu = length > MINIMUM_MTU ? Math.min(uplink.mtu, learned) : uplink.mtu;
  if (length > mtu) {
    const fitting = { uplink: path.uplink, mtu: mtu - PAYLOAD_HEADER };
    if (frame.length > MINIMUM_MTU) return tooBig(tables, frame, 'too-big', fitting);
    return punt(frame, 'fragment', fitting);
  }
  const chain = followChain(frame.packet, frame.length, false);
  if (chain === 'malformed') return dropped('malformed');
  if (chain === 'too-long') return dropped('extension-headers');
  const port = tables.ports.get(uplink.port)!;
  if (!port.present) return dropped('no-port');

  // RFC 5533 §4.6: behind Hop-by-Hop Options, Routing, and Destination Options that precede Routing.
  const last = chain.steps.findLast(({ type }) => type === Header.hopByHop || type === Header.routing);
  const at = last === undefined ? FIXED : last.offset + last.length;
  const pointer = last === undefined ? 6 : last.offset;
  const packet = Uint8Array.from(frame.packet);
  if (tables.clampMss) clampSegments(packet, frame.length, Math.min(uplink.mtu, learned) - PAYLOAD_HEADER);
  const follows = packet[pointer]!;
  packet[pointer] = Header.shim6;
  const payloadLength = frame.length + PAYLOAD_HEADER - FIXED;
  packet.set([payloadLength >> 8, payloadLength & 0xff], 4);
  packet[7] = frame.hopLimit - 1;
  packet.set(path.source, 8);
  packet.set(path.destination, 24);
  // RFC 5533 §5.2: Next Header, length 0, P = 1 and the receiver's context tag.
  const tag = Array.from({ length: 6 }, (_, index) =>
    Number((context.tag >> BigInt(40 - 8 * index)) & 0xffn),
  );
  const header = [follows, 0, tag[0]! | 0x80, ...tag.slice(1)];
  return {
    verdict: 'forwarded',
    frame: concat(
      link(port, uplink.gateway),
      intoTunnel(uplink, concat(packet.subarray(0, at), header, packet.subarray(at))),
    ),
  };
}
