/** A context as `pshim6 contexts` lists it. */
import type { ContextReport } from '../api/protocol.ts';
import type { Box } from '../box.ts';
import type { ContextView } from '../shim6/context.ts';
import { formatAddress, pairKey } from '../wire/ipv6/address.ts';
import { formatTag } from '../wire/shim6/context-tag.ts';
import { activePath } from './active-path.ts';
import { dateOf } from './date.ts';

export function contextReport(box: Box, context: ContextView): ContextReport {
  const installed = box.contexts.view(context);
  const uplinkName = (index: number) => box.links.uplink(index)?.provider.name ?? 'removed';
  const paths = (installed?.egress.paths ?? []).map((path) => ({
    source: formatAddress(path.source),
    destination: formatAddress(path.destination),
    uplink: uplinkName(path.uplink),
  }));
  return {
    local: formatAddress(context.local),
    peer: formatAddress(context.peer),
    fork: context.fork,
    state: context.state,
    paths,
    active: installed === undefined ? null : activePath(box, installed.egress),
    localTag: formatTag(context.localTag),
    peerTag: formatTag(context.peerTag),
    packetsSent: installed?.egress.packets ?? 0,
    packetsReceived: installed?.ingress.packets ?? 0,
    establishedAt: dateOf(context.establishedAt),
    handshakeMilliseconds:
      context.establishedAt === undefined ? null : context.establishedAt - context.startedAt,
    firstPacketMilliseconds: box.carrier.firstPacketDelays.get(pairKey(context.local, context.peer)) ?? null,
  };
}
