/** The figures of an outage as tables. */
import { alignColumns } from '../report-table.ts';
import type { FailoverResult } from './command.ts';
import { LATENCY } from './exploration.ts';

const seconds = (value: number) => value.toFixed(2);
const count = (value: number) => value.toLocaleString('en');

/** A table for each kind of row that there is. */
export const describeFailover = (result: FailoverResult): string =>
  [carrierTable(result), recoveryTable(result), crowdTable(result), labTable(result)]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');

function carrierTable({ carrier }: FailoverResult): string[] {
  if (carrier.length === 0) return [];
  return [
    'Carrier loss, packets through XDP on veth: milliseconds without a packet (aim: 50)',
    ...alignColumns([
      ['contexts in the tables', 'median', 'lowest', 'highest', 'longest before', 'event loop late by'],
      ...carrier.map(({ contexts, gap, before, eventLoop }) => [
        count(contexts),
        ...[gap.median, gap.lowest, gap.highest, before, eventLoop].map((value) => value.toFixed(1)),
      ]),
    ]),
  ];
}

function recoveryTable({ recovery }: FailoverResult): string[] {
  if (recovery.length === 0) return [];
  const titles = ['Send Timeout', 'pairs', 'noticed', 'mended', 'at worst'];
  return [
    `REAP, a provider silent both ways, ${LATENCY} ms one way, virtual time: seconds from the failure`,
    ...alignColumns([
      [...titles, 'RFC, 2nd probe', 'RFC, worst order', 'probes'],
      ...recovery.map((row) => [
        `${row.sendTimeout}`,
        `${row.locators}x${row.locators}`,
        seconds(row.detection.median),
        seconds(row.recovery.median),
        seconds(row.recovery.highest),
        seconds(row.scheduleBest),
        seconds(row.scheduleWorst),
        row.probes.toFixed(1),
      ]),
    ]),
  ];
}

function crowdTable({ crowd }: FailoverResult): string[] {
  if (crowd.length === 0) return [];
  const titles = ['contexts', 'probes a context', 'with Keepalives', 'in all'];
  return [
    'Contexts of one failed path, 4x4 pairs, Send Timeout 15 s: what both ends send',
    ...alignColumns([
      [...titles, 'all mended after, s', 'budget, a second and end'],
      ...crowd.map((row) => [
        count(row.contexts),
        row.probesPerContext.toFixed(2),
        row.messagesPerContext.toFixed(2),
        count(row.messages),
        row.took.toFixed(1),
        count(row.packetsPerSecond),
      ]),
    ]),
  ];
}

function labTable({ lab }: FailoverResult): string[] {
  if (lab.length === 0) return [];
  return [
    'Silent failures in the lab, a datagram a millisecond each way: milliseconds without one',
    ...alignColumns([
      ['noticed by', 'to', 'median', 'lowest', 'highest', 'aim'],
      ...lab.flatMap(({ by, aim, inbound, outbound }) =>
        [['host', inbound] as const, ['peer', outbound] as const].map(([to, gap]) => [
          by,
          to,
          ...[gap.median, gap.lowest, gap.highest, aim].map((value) => value.toFixed(0)),
        ]),
      ),
    ]),
  ];
}
