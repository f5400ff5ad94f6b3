/** radvd, run for us: its configuration written, its process watched, started again when it ends, ended with the box. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../observe/log.ts';

/** radvd is not installed, or refuses what it is told. */
export class RadvdError extends Error {
  constructor(detail: string) {
    super(`router advertisements: ${detail}`);
    this.name = 'RadvdError';
  }
}

export interface RadvdOptions {
  /** The program; found in PATH when it is a bare name. */
  readonly program: string;
  readonly configuration: string;
  /** For its files, and nothing else: made anew. */
  readonly directory: string;
  readonly log: Log;
}

/** Milliseconds: the first wait before it is started again, and the longest. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 60_000;
/** One that ran for so long is not failing at its start. */
const STEADY = 30_000;
const LAST_WORDS = 400;

export class Radvd {
  readonly #options: RadvdOptions;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wait = FIRST_WAIT;
  #closed = false;
  /** Times that it was started. */
  starts = 0;

  /** Throws RadvdError when radvd is absent or does not take the configuration. */
  constructor(options: RadvdOptions) {
    this.#options = options;
    // One that was killed has left its own.
    rmSync(options.directory, { recursive: true, force: true });
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(this.#file, options.configuration, { mode: 0o600 });
      this.#check();
    } catch (error) {
      rmSync(this.#options.directory, { recursive: true, force: true });
      throw error;
    }
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Resolves when it is gone. With `farewell` it tells the hosts that we are their router no more (RFC 4861 §6.2.5);
   * without, they go on sending by us.
   */
  async close(farewell: boolean): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child !== undefined) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill(farewell ? 'SIGTERM' : 'SIGKILL');
      await gone;
    }
    rmSync(this.#options.directory, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#options.directory, 'radvd.conf');
  }

  #check(): void {
    const { program } = this.#options;
    const { error, status, stderr, stdout } = spawnSync(program, ['-c', '-C', this.#file], {
      encoding: 'utf8',
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      throw new RadvdError(`${program} is not installed (Debian: apt-get install radvd)`);
    if (error !== undefined) throw new RadvdError(`${program} cannot be run: ${error.message}`);
    if (status !== 0)
      throw new RadvdError(`${program} refuses its configuration: ${(stderr + stdout).trim()}`);
  }

  #start(): void {
    const { program, log } = this.#options;
    const words = ['--nodaemon', '--config', this.#file, '--pidfile', join(this.#options.directory, 'pid')];
    // If we are killed the kernel ends it, without a farewell: who starts us again wants the hosts to stay.
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', '--', program, ...words, '--logmethod', 'stderr'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.starts++;
    this.#child = child;
    const started = performance.now();
    let last = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      last = (last + text).slice(-LAST_WORDS);
    });
    child.once('error', (error) => this.#ended(started, error.message));
    child.once('exit', (code, signal) => this.#ended(started, last.trim() || `exit ${code ?? signal}`));
    log.info('radvd-started', { pid: child.pid });
  }

  #ended(started: number, reason: string): void {
    if (this.#child === undefined) return;
    this.#child = undefined;
    if (this.#closed) return;
    if (performance.now() - started > STEADY) this.#wait = FIRST_WAIT;
    this.#options.log.warn('radvd-ended', { reason, again: this.#wait / 1000 });
    this.#timer = setTimeout(() => this.#start(), this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
  }
}
