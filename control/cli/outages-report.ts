/** `pshim6 outages`, for people. */
import type { OutageReport } from '../observe/account/outage-book.ts';
import { duration } from './duration.ts';
import { formatTable } from './table.ts';

const titles = { uplink: 'uplink', peer: "peer's locators", path: 'path' } as const;

export function outages(rows: readonly OutageReport[]): string {
  if (rows.length === 0) return 'no outages';
  return rows.map(outage).join('\n\n');
}

function outage({ number, what, subject, because, began, ended, contexts, phases }: OutageReport): string {
  const length =
    ended === null ? 'it lasts' : `${duration(Date.parse(ended) - Date.parse(began))}, until ${ended}`;
  const counted = contexts === null ? 'contexts not counted' : `${contexts} contexts`;
  const lines = [
    `outage ${number}: ${titles[what]} ${subject}: ${because}`,
    `  began ${began}; ${length}; ${counted}`,
  ];
  if (phases.length === 0) return lines.join('\n');
  const table = formatTable(
    [
      { title: 'PHASE', text: (phase: OutageReport['phases'][number]) => phase.name },
      { title: 'AFTER', align: 'right', text: (phase) => duration(phase.milliseconds) },
      { title: 'COUNT', align: 'right', text: (phase) => phase.count ?? '-' },
    ],
    phases,
  );
  return [...lines, ...table.split('\n').map((line) => `  ${line}`)].join('\n');
}
