/** What the control socket answers: the box's state in the shapes of api/protocol.ts. */

import type { DnsReport, DropReport, StatusReport } from '../api/protocol.ts';
import type { Commands } from '../api/server.ts';
import type { Box } from '../box.ts';
import type { Config } from '../config/schema.ts';
import { version } from '../version.ts';
import { accountReports, type OutageHistory } from './account-reports.ts';
import { contextReport } from './context-reports.ts';
import { hostReports } from './host-reports.ts';
import { uplinkReports } from './uplink-reports.ts';

export interface ReportSources {
  readonly box: Box;
  readonly config: Config;
  readonly started: Date;
  readonly dns: { report(): DnsReport } | undefined;
  readonly dhcp: { readonly counters: Readonly<Record<string, number>> } | undefined;
  readonly outages: OutageHistory | undefined;
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
    ...accountReports(sources.box, sources.outages),
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
    counters: {
      ...box.counters,
      ...prefixed('dns', dns?.report().counters),
      ...prefixed('dhcp', dhcp?.counters),
    },
  };
}

/** Names of counters of a part, so that no two parts share one. */
const prefixed = (part: string, counters: Readonly<Record<string, number>> = {}): Record<string, number> =>
  Object.fromEntries(Object.entries(counters).map(([name, count]) => [`${part}.${name}`, count]));
