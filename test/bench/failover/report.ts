/** The figures of an outage as tables. */
import { alignColumns } from '../report-table.ts';
import type { FailoverResult } from './command.ts';
import { LATENCY } from './exploration.ts';

const seconds = (value: number) => value.toFixed(2);
const count = (value: number) => value.toLocaleString('en');

export function describeFailover({ carrier, recovery, crowd, lab }: FailoverResult): string {
  return [
    'Carrier loss, packets through XDP on veth: milliseconds without a packet (aim: 50)',
    ...alignColumns([
      ['contexts in the tables', 'median', 'lowest', 'highest', 'longest before', 'event loop late by'],
      ...carrier.map(({ contexts, gap, before, eventLoop }) => [
        count(contexts),
        ...[gap.median, gap.lowest, gap.highest, before, eventLoop].map((value) => value.toFixed(1)),
      ]),
    ]),
    '',
    `REAP, a provider silent both ways, ${LATENCY} ms one way, virtual time: seconds from the failure`,
    ...alignColumns([
      [
        'Send Timeout',
        'pairs',
        'noticed',
        'mended',
        'at worst',
        'RFC, 2nd probe',
        'RFC, worst order',
        'probes',
      ],
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
    '',
    'Contexts of one failed path, 4x4 pairs, Send Timeout 15 s: what both ends send',
    ...alignColumns([
      [
        'contexts',
        'probes a context',
        'with Keepalives',
        'in all',
        'all mended after, s',
        'budget, a second and end',
      ],
      ...crowd.map((row) => [
        count(row.contexts),
        row.probesPerContext.toFixed(2),
        row.messagesPerContext.toFixed(2),
        count(row.messages),
        row.took.toFixed(1),
        count(row.packetsPerSecond),
      ]),
    ]),
    ...(lab === undefined
      ? []
      : [
          '',
          `In the lab, Send Timeout ${lab.sendTimeout} s, 2x2: ${lab.inbound.toFixed(0)} ms without a datagram to the host, ${lab.outbound.toFixed(0)} ms from it`,
        ]),
  ].join('\n');
}
