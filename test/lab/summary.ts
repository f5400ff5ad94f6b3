/** The demo's closing table. */
import { formatTable } from '../../control/cli/table.ts';
import type { Figures } from './figures.ts';

const milliseconds = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} ms`);

type Row = readonly (string | number)[];

/** Text left, numbers right: `titles` that begin with '>' are of columns of numbers. */
function table(titles: readonly string[], rows: readonly Row[]): string {
  const columns = titles.map((title, index) => ({
    title: title.replace('>', ''),
    align: title.startsWith('>') ? ('right' as const) : ('left' as const),
    text: (row: Row) => row[index]!,
  }));
  return formatTable<Row>(columns, rows)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function contextRows(figures: Figures): Row[] {
  return figures.boxes.flatMap(({ box, contexts }) =>
    contexts.map((context) => {
      const path = context.active === null ? undefined : context.paths[context.active];
      return [
        box,
        `${context.local} > ${context.peer}`,
        context.state,
        path === undefined ? '-' : `${path.source} > ${path.destination}`,
        path?.uplink ?? '-',
        context.packetsSent,
        context.packetsReceived,
      ];
    }),
  );
}

export function summarize(figures: Figures): string {
  const programs = figures.boxes.flatMap(({ box, programs }) =>
    Object.entries(programs).map(
      ([program, counts]): Row => [
        box,
        program,
        counts.received,
        counts.forwarded,
        counts.toKernel,
        counts.passed,
        counts.punted,
        counts.dropped,
        counts.answered,
      ],
    ),
  );
  const contacts = figures.firstContacts.map(
    (contact): Row => [
      `${contact.from} > ${contact.to}, by ${contact.by}`,
      milliseconds(contact.nameLookupMilliseconds),
      milliseconds(contact.connectMilliseconds),
      milliseconds(contact.handshakeMilliseconds),
      milliseconds(contact.firstPacketMilliseconds),
    ],
  );
  const synDelays = figures.synDelays.map(
    (delay): Row => [
      delay.early === 'off' ? 'off' : `on, ${delay.early}`,
      `${delay.from} > ${delay.to}`,
      milliseconds(delay.nameMilliseconds),
      milliseconds(delay.synMilliseconds),
      milliseconds(delay.firstPacketMilliseconds),
      milliseconds(delay.synAgainMilliseconds),
    ],
  );
  const outages = figures.outages.flatMap(({ provider, alternate, probes }) =>
    probes.map(
      (probe): Row => [
        `${provider} > ${alternate}`,
        probe.at,
        milliseconds(probe.gapMilliseconds),
        milliseconds(probe.usualGapMilliseconds),
        `${probe.lost} of ${probe.received + probe.lost}`,
        probe.late,
      ],
    ),
  );
  return [
    'Contexts and the locator pairs in use',
    table(['BOX', 'ULIDS', 'STATE', 'LOCATORS', 'UPLINK', '>SENT', '>RECEIVED'], contextRows(figures)),
    'Packets through XDP',
    table(
      [
        'BOX',
        'PROGRAM',
        '>RECEIVED',
        '>FORWARDED',
        '>TO KERNEL',
        '>PASSED',
        '>PUNTED',
        '>DROPPED',
        '>ANSWERED',
      ],
      programs,
    ),
    'First contact',
    table(['HOSTS', '>NAME', '>CONNECTION', '>HANDSHAKE', '>FIRST PACKET WAITED'], contacts),
    'SYN delay, with the early handshake and without',
    table(['EARLY HANDSHAKE', 'HOSTS', '>NAME', '>SYN', '>WAITED IN THE BOX', '>NEXT SYN'], synDelays),
    'Outages',
    table(['UPLINK', 'RECEIVER', '>GAP', '>BEFORE THE CUT', '>DATAGRAMS LOST', '>LATE'], outages),
  ].join('\n');
}
