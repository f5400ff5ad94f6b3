/** `pshim6 contexts show`, for people. */
import type { ContextDetailReport } from '../api/protocol.ts';
import { duration } from './duration.ts';
import { pair } from './event-line.ts';
import { formatTable } from './table.ts';

export const contextDetails = (reports: readonly ContextDetailReport[]): string =>
  reports.map(contextDetail).join('\n\n');

function contextDetail(report: ContextDetailReport): string {
  return [
    `${report.local} to ${report.peer}${report.fork === 0 ? '' : `, forked instance ${report.fork}`}`,
    `  ${stateLine(report)}`,
    `  tags: ours ${report.localTag}, the peer's ${report.peerTag}`,
    ...inUse(report),
    `  sent ${report.packetsSent} packets, ${report.bytesSent} octets, ${ago(report.lastSentSecondsAgo)}; ` +
      `received ${report.packetsReceived}, ${report.bytesReceived} octets, ${ago(report.lastReceivedSecondsAgo)}`,
    '',
    ...indented(ourLocators(report)),
    '',
    ...indented(peerLocators(report)),
    '',
    ...switches(report),
    '',
    ...reachability(report),
  ].join('\n');
}

function stateLine({ state, establishedAt, handshakeMilliseconds }: ContextDetailReport): string {
  if (establishedAt === null) return state;
  return `${state} since ${establishedAt}, handshake ${duration(handshakeMilliseconds ?? 0)}`;
}

const inUse = ({ inUse: used }: ContextDetailReport): string[] =>
  used === null
    ? ['  no locator pair is in use']
    : [`  uses ${pair(used)}`, `    since ${used.since}`, `    because ${used.because}`];

const ago = (seconds: number | null): string =>
  seconds === null ? 'never' : `last ${duration(seconds * 1000)} ago`;

const yes = (value: boolean): string => (value ? 'yes' : 'no');

const ourLocators = ({ localLocators }: ContextDetailReport): string =>
  formatTable<ContextDetailReport['localLocators'][number]>(
    [
      { title: 'OUR LOCATOR', text: (row) => row.address },
      { title: 'UPLINK', text: (row) => row.uplink },
      { title: 'UP', text: (row) => yes(row.usable) },
      { title: 'PEER KNOWS', text: (row) => yes(row.acknowledged) },
      { title: 'PRIORITY', align: 'right', text: (row) => row.priority },
      { title: 'WEIGHT', align: 'right', text: (row) => row.weight },
    ],
    localLocators,
  );

const peerLocators = ({ peerLocators: rows }: ContextDetailReport): string =>
  formatTable<ContextDetailReport['peerLocators'][number]>(
    [
      { title: "PEER'S LOCATOR", text: (row) => row.address },
      { title: 'PROVED BY', text: (row) => row.method },
      { title: 'FOUND', text: (row) => yes(row.found) },
      { title: 'BROKEN', text: (row) => yes(row.broken) },
      { title: 'TRANSIENT', text: (row) => yes(row.transient) },
      { title: 'PRIORITY', align: 'right', text: (row) => row.priority },
      { title: 'WEIGHT', align: 'right', text: (row) => row.weight },
    ],
    rows,
  );

function switches({ switches: rows }: ContextDetailReport): string[] {
  if (rows.length === 0) return ['  it never used another pair'];
  return [
    '  switches, the last one last:',
    ...rows.map(({ at, from, to, because }) => `    ${at}  ${pair(from)} -> ${pair(to)}: ${because}`),
  ];
}

const indented = (text: string): string[] => text.split('\n').map((line) => `  ${line}`);

function reachability({ reachability: reap }: ContextDetailReport): string[] {
  if (reap === null) return ['  REAP does not watch it'];
  const { state, timer, explorations, probesSent, probesReceived, probes } = reap;
  const running = timer === 'none' ? 'no timer runs' : `the ${timer} timer runs`;
  return [
    `  REAP: ${state}, ${running}; ${explorations} explorations, ${probesSent} probes sent, ${probesReceived} received`,
    ...probes.map(
      (probe) =>
        `    ${probe.at}  ${probe.direction.padEnd(8)}  ${probe.state.padEnd(11)}  ${probe.source} > ${probe.destination}`,
    ),
  ];
}
