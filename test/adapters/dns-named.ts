/** A stock BIND on loopback: `named` as a child process with its files in a temporary directory. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

export class NamedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NamedError';
  }
}

export interface Named {
  readonly port: number;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** Authoritative for `zone`, on [::1]. Resolves when it answers. */
export async function startNamed(zone: string, records: string): Promise<Named> {
  const directory = await mkdtemp(join(tmpdir(), 'pshim6-named-'));
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (child?.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const port = await freePort();
    await writeFile(
      join(directory, 'named.conf'),
      `options {
        directory "${directory}"; pid-file none; session-keyfile none; lock-file none;
        listen-on port ${port} { none; }; listen-on-v6 port ${port} { ::1; };
        recursion no; minimal-responses no; allow-transfer { any; }; rrset-order { order none; };
        dnssec-validation no; max-udp-size 1232; answer-cookie no;
      };
      controls { };
      zone "${zone}" { type primary; file "zone"; };
      `,
    );
    await writeFile(join(directory, 'zone'), records);
    child = spawn('named', ['-g', '-n', '1', '-c', join(directory, 'named.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await running(child);
    const { stdout } = await run('dig', ['@::1', '-p', String(port), '+tries=1', '+time=5', zone, 'SOA']);
    if (!stdout.includes('status: NOERROR')) throw new NamedError(`named does not serve ${zone}:\n${stdout}`);
    return { port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function running(child: ChildProcess): Promise<void> {
  let log = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new NamedError(`named ended with ${code}:\n${log}`)));
    child.stderr?.on('data', (chunk: Buffer) => {
      if (log.length < 65536) log += chunk.toString();
      if (/ running$/m.test(log)) resolve();
    });
  });
}
