/** What the control socket answers: the box's state in the shapes of api/protocol.ts. */

import type { ContextReport, DnsReport, DropReport, StatusReport } from '../api/protocol.ts';
import type { Commands } from '../api/server.ts';
import type { Box } from '../box.ts';
import type { Config } from '../config/schema.ts';
import type { ContextView } from '../shim6/context.ts';
import { version } from '../version.ts';
import { formatAddress, pairKey } from '../wire/ipv6/address.ts';
import { formatTag } from '../wire/shim6/context-tag.ts';
import { activePath } from './active-path.ts';
import { dateOf } from './date.ts';
import { hostReports } from './host-reports.ts';
import { uplinkReports } from './uplink-reports.ts';

export interface ReportSources {
  readonly box: Box;
  readonly config: Config;
  readonly started: Date;
  readonly dns: { report(): DnsReport } | undefined;
  readonly dhcp: { readonly counters: Readonly<Record<string, number>> } | undefined;
}

const ESTABLISHED = 'ESTABLISHED';

/** Command name to report. */
export function boxReports(sources: ReportSources): Commands {
  return {
    status: () => status(sources),
    contexts: () => [...sources.box.core.contexts()].map((context) => contextReport(sources.box, context)),
    uplinks: () => uplinkReports(sources.box),
    hosts: () => hostReports(sources.box),
    dns: (): DnsReport | null => sources.dns?.report() ?? null,
    drops: (): readonly DropReport[] => sources.box.dataplane.statistics().drops,
  };
}

function status({ box, config, started, dns, dhcp }: ReportSources): StatusReport {
  const { inside, outside } = box.dataplane.statistics();
  let established = 0;
  let pending = 0;
  for (const context of box.core.contexts()) {
    if (context.state === ESTABLISHED) established++;
    else pending++;
  }
  return {
    site: config.site.name,
    version,
    since: started.toISOString(),
    programs: { inside, outside },
    contexts: { established, pending, capacity: config.contexts.capacity },
    waitingPackets: box.firstPackets.waiting,
    counters: { ...box.counters, ...dns?.report().counters, ...prefixed('dhcp', dhcp?.counters) },
  };
}

/** Names of counters of a part, so that no two parts share one. */
const prefixed = (part: string, counters: Readonly<Record<string, number>> = {}): Record<string, number> =>
  Object.fromEntries(Object.entries(counters).map(([name, count]) => [`${part}.${name}`, count]));

function contextReport(box: Box, context: ContextView): ContextReport {
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
