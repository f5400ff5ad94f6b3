/** Outages in a file, so that they are told after a restart: a JSON object a line, the oldest first. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { OutageReport } from '../observe/account/outage-book.ts';

export interface OutageFileOptions {
  readonly path: string;
  /** Most outages in the file; it is cut when it has twice as many. */
  readonly kept: number;
  /** It cannot be read or written: the outages of this run are kept in memory all the same. */
  readonly onFailure: (error: Error) => void;
}

export class OutageFile {
  readonly #options: OutageFileOptions;
  #outages: OutageReport[];

  constructor(options: OutageFileOptions) {
    this.#options = options;
    this.#outages = this.#attempt(() => readOutages(options.path).slice(-options.kept)) ?? [];
  }

  /** Those of earlier runs and of this one that have ended, the oldest first. */
  get outages(): readonly OutageReport[] {
    return this.#outages;
  }

  /** One more than the last number used. */
  get next(): number {
    return (this.#outages.at(-1)?.number ?? 0) + 1;
  }

  add(outage: OutageReport): void {
    const { path, kept } = this.#options;
    this.#outages.push(outage);
    this.#attempt(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
      if (this.#outages.length < 2 * kept) return appendFileSync(path, line(outage), { mode: 0o640 });
      this.#outages = this.#outages.slice(-kept);
      writeFileSync(`${path}.new`, this.#outages.map(line).join(''), { mode: 0o640 });
      return renameSync(`${path}.new`, path);
    });
  }

  #attempt<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#options.onFailure(error as Error);
      return undefined;
    }
  }
}

const line = (outage: OutageReport): string => `${JSON.stringify(outage)}\n`;

/** A line that a power cut left half written is passed over. */
function readOutages(path: string): OutageReport[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((row) => {
    try {
      const outage = JSON.parse(row) as OutageReport;
      return Number.isInteger(outage.number) ? [outage] : [];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}
