/** `pshim6 uplinks`: the providers, what each source says of them, and the last switches. */
import type { UplinkReport } from '../api/protocol.ts';
import { formatTable } from './table.ts';

/** Switches shown of each uplink; `--json` has more. */
const SWITCHES_SHOWN = 3;

export function uplinks(rows: readonly UplinkReport[]): string {
  const table = formatTable<UplinkReport>(
    [
      { title: 'PROVIDER', text: (row) => row.name },
      {
        title: 'STATE',
        text: (row) => (row.phase === row.state ? row.state : `${row.state} (${row.phase})`),
      },
      { title: 'INTERFACE', text: (row) => row.interface },
      { title: 'PREFIX', text: (row) => row.prefix },
      { title: 'GATEWAY', text: gatewayText },
      { title: 'MTU', align: 'right', text: (row) => row.mtu },
      { title: 'SINCE', text: (row) => row.since ?? '-' },
      { title: 'BECAUSE', text: (row) => row.switches.at(-1)?.reason ?? '-' },
    ],
    rows,
  );
  return [table, ...rows.map(details)].join('\n\n');
}

const gatewayText = ({ gateway, gatewayMac, tunnel }: UplinkReport): string =>
  `${tunnel === null ? '' : `tunnel to ${tunnel} by `}${gateway} (${gatewayMac ?? 'unresolved'})`;

function details(row: UplinkReport): string {
  const until = row.upAt === null ? [] : [`  up at ${row.upAt} if all stays well`];
  const sources = row.sources.map(({ source, state, detail, since }) => ({
    words: [source, state, `since ${since}`, detail],
  }));
  const switches = row.switches.slice(-SWITCHES_SHOWN).map(({ state, reason, at }) => ({
    words: ['switch', state, `at ${at}`, reason],
  }));
  const lines = formatTable(
    [0, 1, 2, 3].map((index) => ({
      title: ['SOURCE', 'SAYS', 'WHEN', 'WHY'][index]!,
      text: ({ words }: { words: string[] }) => words[index]!,
    })),
    [...sources, ...switches],
  );
  return [`${row.name}:`, ...until, ...lines.split('\n').map((line) => `  ${line}`)].join('\n');
}
