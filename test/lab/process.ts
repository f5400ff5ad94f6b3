/** The lab's long-running programs: started detached, remembered, ended by process identity. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { delay, inNamespace, LabError, ProgramEndedError } from './command.ts';
import { inState } from './paths.ts';
import { type LabProcess, type ProcessIdentity, updateState } from './state.ts';

/** Milliseconds between SIGTERM and SIGKILL. */
const PATIENCE = 5_000;

/** When a process started (field 22 of /proc/PID/stat), or undefined when it is gone or a zombie. */
export function startTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : Number(fields[19]);
}

export const isAlive = (identity: ProcessIdentity): boolean => startTime(identity.pid) === identity.startTime;

export const identify = (pid: number): ProcessIdentity => ({ pid, startTime: startTime(pid) ?? 0 });

export const logFile = (name: string): string => inState('log', `${name}.log`);

/** Of the programs that this process started: what killed them. */
const signals = new Map<number, NodeJS.Signals>();

/** The last lines that a program wrote. */
export function logTail(name: string, lines = 12): string {
  try {
    return readFileSync(logFile(name), 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

/** Starts a program in a namespace; what it prints goes to its log file. */
export async function start(name: string, namespace: string, argv: readonly string[]): Promise<LabProcess> {
  const log = openSync(logFile(name), 'a', 0o600);
  const [command, ...rest] = inNamespace(namespace, argv);
  const child = spawn(command!, rest, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new LabError(`${name} did not start`, { cause })));
  });
  child.once('exit', (_, signal) => signal !== null && signals.set(child.pid!, signal));
  child.unref();
  const started: LabProcess = { name, namespace, ...identify(child.pid!) };
  updateState((state) => ({ processes: [...state.processes, started] }));
  return started;
}

/** Throws ProgramEndedError, with the end of its log, when a program is gone. */
export function assertAlive(program: LabProcess): void {
  if (!isAlive(program))
    throw new ProgramEndedError(program.name, logTail(program.name), signals.get(program.pid));
}

/** SIGTERM, and SIGKILL after a while, to those that are still what they were. Resolves when they are gone. */
export async function stop(programs: readonly ProcessIdentity[]): Promise<void> {
  await Promise.all(
    programs.map(async (program) => {
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        if (!isAlive(program)) return;
        send(program.pid, signal);
        const deadline = performance.now() + PATIENCE;
        while (isAlive(program) && performance.now() < deadline) await delay(20);
      }
    }),
  );
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
