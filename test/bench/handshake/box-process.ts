/** A box of the benchmark, as the process that measures sees it. */
import { join } from 'node:path';
import { LineProcess } from '../line-process.ts';
import type { BoxReport } from './box.ts';

export class BoxProcess {
  readonly #lines: LineProcess;

  /** `words`: what box.ts takes. `cpu`: the processor it runs on. */
  constructor(namespace: string, cpu: number, words: readonly (string | number)[]) {
    const program = join(import.meta.dirname, 'box.ts');
    this.#lines = new LineProcess(namespace, program, words, { cpu, flags: ['--expose-gc'] });
  }

  ready(): Promise<unknown> {
    return this.#lines.answer();
  }

  report(): Promise<BoxReport> {
    return this.#lines.order('report');
  }

  /** Begins to measure how late the event loop is. */
  begin(): Promise<unknown> {
    return this.#lines.order('begin');
  }

  /** Octets of the process outside the BPF tables, garbage collected. */
  async memory(): Promise<number> {
    return (await this.#lines.order<{ memory: number }>('memory')).memory;
  }

  /** Milliseconds that it took. */
  async establish(count: number, window: number): Promise<number> {
    const order = `establish ${count} ${window}`;
    return (await this.#lines.order<{ milliseconds: number }>(order)).milliseconds;
  }

  /** Ends it, cleanly if it listens. */
  close(): Promise<void> {
    return this.#lines.close();
  }
}
