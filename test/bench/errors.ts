/** What can be wrong with a benchmark besides the programs it measures. */

/** A command-line argument that main.ts does not understand. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A row that does not deliver what it must: its rate would mean nothing. */
export class RowError extends Error {
  override readonly name = 'RowError';
  readonly row: string;
  constructor(row: string, problem: string) {
    super(`${row}: ${problem}`);
    this.row = row;
  }
}

/** A system command that failed; `detail` is what it said. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly detail: string;
  constructor(command: string, detail: string) {
    super(`${command}: ${detail}`);
    this.detail = detail;
  }
}
