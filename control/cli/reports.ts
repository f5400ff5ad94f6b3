/** How each report of the daemon is shown to people. */
import type { ContextReport, DropReport, ProgramCounts, StatusReport } from '../api/protocol.ts';
import { dns } from './dns-report.ts';
import { formatTable } from './table.ts';
import { uplinks } from './uplinks-report.ts';

function status(report: StatusReport): string {
  const { contexts } = report;
  const programs: [string, ProgramCounts][] = Object.entries(report.programs);
  const numbers = ['received', 'forwarded', 'toKernel', 'passed', 'punted', 'dropped', 'answered'] as const;
  const titles = {
    received: 'RECEIVED',
    forwarded: 'FORWARDED',
    toKernel: 'TO KERNEL',
    passed: 'PASSED',
    punted: 'PUNTED',
    dropped: 'DROPPED',
    answered: 'ANSWERED',
  };
  const table = formatTable<[string, ProgramCounts]>(
    [
      { title: 'PROGRAM', text: ([name]) => name },
      ...numbers.map((key) => ({
        title: titles[key],
        align: 'right' as const,
        text: ([, counts]: [string, ProgramCounts]) => counts[key],
      })),
    ],
    programs,
  );
  const counters = Object.entries(report.counters).filter(([, value]) => value > 0);
  return [
    `site ${report.site}, pshim6 ${report.version}, running since ${report.since}`,
    `contexts: ${contexts.established} established, ${contexts.pending} pending, room for ${contexts.capacity}; ${report.waitingPackets} packets waiting`,
    '',
    table,
    ...(counters.length === 0 ? [] : ['', ...counters.map(([name, value]) => `${name}: ${value}`)]),
  ].join('\n');
}

function contexts(rows: readonly ContextReport[]): string {
  if (rows.length === 0) return 'no contexts';
  return formatTable<ContextReport>(
    [
      { title: 'LOCAL', text: (row) => row.local },
      { title: 'PEER', text: (row) => row.peer },
      { title: 'FORK', align: 'right', text: (row) => (row.fork === 0 ? '-' : row.fork) },
      { title: 'STATE', text: (row) => row.state },
      { title: 'UPLINK', text: (row) => pathInUse(row)?.uplink ?? '-' },
      {
        title: 'LOCATORS',
        text: (row) =>
          pathInUse(row) === undefined ? '-' : `${pathInUse(row)!.source} > ${pathInUse(row)!.destination}`,
      },
      { title: 'SENT', align: 'right', text: (row) => row.packetsSent },
      { title: 'RECEIVED', align: 'right', text: (row) => row.packetsReceived },
    ],
    rows,
  );
}

const pathInUse = (row: ContextReport) => (row.active === null ? undefined : row.paths[row.active]);

function drops(rows: readonly DropReport[]): string {
  return formatTable<DropReport>(
    [
      { title: 'REASON', text: (row) => row.reason },
      { title: 'PACKETS', align: 'right', text: (row) => row.packets },
      { title: 'MEANING', text: (row) => row.meaning },
    ],
    rows,
  );
}

/** By command name. */
export const reports = { status, contexts, uplinks, dns, drops } as const;
