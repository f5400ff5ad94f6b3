/** How the report on the DNS ALG is shown to people. */
import type { DnsReport } from '../api/protocol.ts';
import { formatTable } from './table.ts';

export function dns(report: DnsReport | null): string {
  if (report === null) return 'the box answers no DNS: the configuration has no dns';
  const table = formatTable<DnsReport['resolvers'][number]>(
    [
      { title: 'RESOLVER', text: ({ address, port }) => `[${address}]:${port}` },
      { title: 'TLS', text: ({ tls }) => tls ?? '-' },
      { title: 'STATE', text: ({ state }) => state },
    ],
    report.resolvers,
  );
  const counters = Object.entries(report.counters).filter(([, value]) => value > 0);
  return [
    table,
    '',
    `under way: ${report.inFlight} queries, ${report.upstreamInFlight} messages to resolvers, ${report.searching} searches; ` +
      `kept: ${report.kept} answers, locators of ${report.locators} ULIDs`,
    ...(counters.length === 0 ? [] : ['', ...counters.map(([name, value]) => `${name}: ${value}`)]),
  ].join('\n');
}
