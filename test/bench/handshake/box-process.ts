/** A box of the benchmark, as the process that measures sees it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NODE_FLAGS } from '../../../control/cli/node-flags.ts';
import { RowError } from '../errors.ts';
import type { BoxReport } from './box.ts';

export class BoxProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  /** `words`: what box.ts takes. `cpu`: the processor it runs on. */
  constructor(namespace: string, cpu: number, words: readonly (string | number)[]) {
    this.#name = namespace;
    const program = [
      process.execPath,
      ...NODE_FLAGS,
      '--expose-gc',
      join(import.meta.dirname, 'box.ts'),
      ...words.map(String),
    ];
    const command = [
      'taskset',
      '-c',
      String(cpu),
      'nsenter',
      `--net=/run/netns/${namespace}`,
      '--',
      ...program,
    ];
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin!.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  ready(): Promise<unknown> {
    return this.#answer();
  }

  report(): Promise<BoxReport> {
    return this.#order('report') as Promise<BoxReport>;
  }

  /** Begins to measure how late the event loop is. */
  begin(): Promise<unknown> {
    return this.#order('begin');
  }

  /** Octets of the process outside the BPF tables, garbage collected. */
  async memory(): Promise<number> {
    return ((await this.#order('memory')) as { memory: number }).memory;
  }

  /** Milliseconds that it took. */
  async establish(count: number, window: number): Promise<number> {
    return ((await this.#order(`establish ${count} ${window}`)) as { milliseconds: number }).milliseconds;
  }

  /** Ends it, cleanly if it listens. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin!.end('end\n');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await once(this.#child, 'exit');
    clearTimeout(timer);
  }

  #order(line: string): Promise<unknown> {
    this.#child.stdin!.write(`${line}\n`);
    return this.#answer();
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new RowError(this.#name, 'the box ended by itself');
    return JSON.parse(value);
  }
}
