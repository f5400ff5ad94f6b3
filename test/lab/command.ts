/** Running programs, on the machine and inside the lab's namespaces. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { NAMESPACE_PREFIX, RESOLVER_OF } from './topology.ts';

/** An emulated machine (test/vm/) is that much slower. */
const SLOWNESS = process.env['PSHIM6_VM'] === undefined ? 1 : 8;

export class CommandError extends Error {
  readonly argv: readonly string[];
  /** Exit status, or the signal's name, or 'ENOENT' and the like when it did not start. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;

  constructor(argv: readonly string[], status: number | string, stdout: string, stderr: string) {
    super(`${argv.join(' ')}: ${status}${stderr.trim() ? `: ${stderr.trim()}` : ''}`);
    this.name = 'CommandError';
    this.argv = argv;
    this.status = status;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** Something that the lab expected to happen did not. */
export class LabError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LabError';
  }
}

/** A program that should run on has ended: waiting for it is pointless. */
export class ProgramEndedError extends LabError {
  /** What killed it, where that was seen. */
  readonly signal: NodeJS.Signals | undefined;

  constructor(name: string, log: string, signal?: NodeJS.Signals) {
    super(`${name} ended by itself${signal === undefined ? '' : `, of ${signal}`}:\n${log}`);
    this.name = 'ProgramEndedError';
    this.signal = signal;
  }
}

export interface RunOptions {
  /** Written to standard input, which is empty otherwise. */
  readonly input?: string;
  /** Milliseconds until the program is killed and the run fails; 60 s when absent. More on a slow machine. */
  readonly timeout?: number;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws CommandError unless it exits with status 0. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Output> {
  const { promise, resolve, reject } = Promise.withResolvers<Output>();
  const child = spawn(argv[0]!, argv.slice(1), {
    stdio: 'pipe',
    timeout: (options.timeout ?? 60_000) * SLOWNESS,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.on('error', (error: NodeJS.ErrnoException) =>
    reject(new CommandError(argv, error.code ?? error.message, stdout, stderr)),
  );
  child.on('close', (code, signal) => {
    if (code === 0) resolve({ stdout, stderr });
    else reject(new CommandError(argv, code ?? signal ?? 'killed', stdout, stderr));
  });
  // A program that ends without reading its input closes the pipe; its exit status tells.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return promise;
}

/**
 * The command line that runs `argv` in a namespace of the lab. Where the namespace has a
 * resolver of its own, through `ip netns exec`, which puts /etc/netns/NAME in place; elsewhere
 * through nsenter, which leaves /sys and so the pinned BPF objects visible. Both replace
 * themselves with the program, so the process started is the program.
 */
export function inNamespace(namespace: string, argv: readonly string[]): string[] {
  const name = NAMESPACE_PREFIX + namespace;
  return RESOLVER_OF.has(namespace)
    ? ['ip', 'netns', 'exec', name, ...argv]
    : ['nsenter', `--net=/run/netns/${name}`, '--', ...argv];
}

export function runIn(namespace: string, argv: readonly string[], options?: RunOptions): Promise<Output> {
  return run(inNamespace(namespace, argv), options);
}

/** Starts a program in a namespace; the caller waits for it. */
export function spawnIn(namespace: string, argv: readonly string[], options: SpawnOptions) {
  const [command, ...rest] = inNamespace(namespace, argv);
  return spawn(command!, rest, options);
}

export const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Asks until the answer is neither undefined nor false and returns it. Throws LabError after
 * `timeout` milliseconds, with the last refusal as its cause, and ProgramEndedError at once.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeout = 10_000,
): Promise<T> {
  const limit = timeout * SLOWNESS;
  const deadline = performance.now() + limit;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      if (error instanceof ProgramEndedError) throw error;
      cause = error;
    }
    if (performance.now() >= deadline) {
      const last = cause instanceof Error ? ` (${cause.message})` : '';
      throw new LabError(`${what}: not within ${limit / 1000} s${last}`, { cause });
    }
    await delay(50);
  }
}

/** Like Promise.all, but returns only when nothing runs any more: what failed can then be undone. */
export async function together(tasks: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
