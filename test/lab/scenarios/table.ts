/** The gaps of all scenarios, for people. */
import { formatTable } from '../../../control/cli/table.ts';
import type { ScenarioResult } from './scenario.ts';

const milliseconds = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

export const gapTable = (results: readonly ScenarioResult[]): string =>
  formatTable<ScenarioResult>(
    [
      { title: 'SCENARIO', text: (row) => row.title },
      { title: 'NOTICED BY', text: (row) => row.noticedBy },
      { title: 'GAP TO h2', align: 'right', text: (row) => milliseconds(row.toH2.failing) },
      { title: 'TO h1', align: 'right', text: (row) => milliseconds(row.toH1.failing) },
      { title: 'AT MOST', align: 'right', text: (row) => row.most },
      {
        title: 'MENDING',
        align: 'right',
        text: (row) => milliseconds(Math.max(row.toH1.mending, row.toH2.mending)),
      },
      {
        title: 'USUAL',
        align: 'right',
        text: ({ toH1, toH2 }) =>
          toH1.before === null || toH2.before === null
            ? '-'
            : milliseconds(Math.max(toH1.before, toH2.before)),
      },
      { title: 'LOST', align: 'right', text: (row) => row.toH1.lost + row.toH2.lost },
      { title: 'LATE', align: 'right', text: (row) => row.toH1.late + row.toH2.late },
      { title: 'ssh ms', align: 'right', text: (row) => milliseconds(row.sshMilliseconds) },
      { title: 'BY', text: (row) => row.carriedBy },
    ],
    results,
  );
