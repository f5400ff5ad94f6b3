/** A program of the benchmark in a network namespace: orders go in as lines, answers come as lines of JSON. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { NODE_FLAGS } from '../../control/cli/node-flags.ts';
import { RowError } from './errors.ts';

export class LineProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  /** `cpu`: the only processor that it may run on; `flags` of Node besides the daemon's. */
  constructor(
    namespace: string,
    program: string,
    words: readonly (string | number)[],
    { cpu, flags = [] }: { readonly cpu?: number; readonly flags?: readonly string[] } = {},
  ) {
    this.#name = namespace;
    const node = [process.execPath, ...NODE_FLAGS, ...flags, program, ...words.map(String)];
    const inside = ['nsenter', `--net=/run/netns/${namespace}`, '--', ...node];
    const [command, ...argv] = cpu === undefined ? inside : ['taskset', '-c', String(cpu), ...inside];
    this.#child = spawn(command!, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin!.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next answer; throws RowError when the program has ended. */
  async answer<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new RowError(this.#name, 'the program ended by itself');
    return JSON.parse(value) as T;
  }

  order<T>(line: string): Promise<T> {
    this.#child.stdin!.write(`${line}\n`);
    return this.answer<T>();
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin!.end('end\n');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await once(this.#child, 'exit');
    clearTimeout(timer);
  }
}
