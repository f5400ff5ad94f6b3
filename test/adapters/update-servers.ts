/** Stock BIND and stock Knot on loopback, primaries of zones that take signed updates. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

export const SECRET = Buffer.alloc(32, 7).toString('base64');
export const KEY_NAME = 'box1';

export interface UpdateServer {
  readonly port: number;
  /** What `dig` prints for a name and a type, sorted lines. */
  ask(name: string, type: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const run = promisify(execFile);

const zoneText = (zone: string, records: string): string => `$TTL 60
${zone}. SOA ns.${zone}. hostmaster.${zone}. 1 3600 600 86400 60
${zone}. NS ns.example.net.
${records}
`;

interface Setting {
  readonly directory: string;
  readonly port: number;
  readonly zones: Readonly<Record<string, string>>;
}

const BIND = ({ directory, port, zones }: Setting) => ({
  'named.conf': `options {
  directory "${directory}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port ${port} { none; }; listen-on-v6 port ${port} { ::1; };
  recursion no; dnssec-validation no; notify no; empty-zones-enable no;
};
controls { };
key "${KEY_NAME}" { algorithm hmac-sha256; secret "${SECRET}"; };
${Object.keys(zones)
  .map(
    (zone) =>
      `zone "${zone}" { type primary; file "${zone}"; update-policy { grant ${KEY_NAME} zonesub any; }; };`,
  )
  .join('\n')}
`,
});

const KNOT = ({ directory, port, zones }: Setting) => ({
  'knot.conf': `server:
    rundir: "${directory}"
    listen: ::1@${port}
key:
  - id: ${KEY_NAME}
    algorithm: hmac-sha256
    secret: ${SECRET}
acl:
  - id: updates
    key: ${KEY_NAME}
    action: update
database:
    storage: "${directory}"
template:
  - id: default
    storage: "${directory}"
    file: "%s"
zone:
${Object.keys(zones)
  .map((zone) => `  - domain: ${zone}\n    acl: updates`)
  .join('\n')}
log:
  - target: stderr
    any: info
`,
});

const SERVERS = {
  BIND: {
    files: BIND,
    argv: (directory: string) => ['named', '-g', '-n', '1', '-c', `${directory}/named.conf`],
  },
  Knot: { files: KNOT, argv: (directory: string) => ['knotd', '-c', `${directory}/knot.conf`] },
} as const;

export type ServerKind = keyof typeof SERVERS;
export const SERVER_KINDS = Object.keys(SERVERS) as ServerKind[];

/** `zones`: name to more records than SOA and NS. Resolves when the server answers. */
export async function startUpdateServer(
  kind: ServerKind,
  zones: Readonly<Record<string, string>>,
  wantedPort?: number,
): Promise<UpdateServer> {
  const directory = await mkdtemp(join(tmpdir(), 'pshim6-update-'));
  const port = wantedPort ?? (await freePort());
  const { files, argv } = SERVERS[kind];
  for (const [file, text] of Object.entries(files({ directory, port, zones })))
    await writeFile(join(directory, file), text);
  for (const [zone, records] of Object.entries(zones))
    await writeFile(join(directory, zone), zoneText(zone, records));
  const [command, ...words] = argv(directory);
  const child: ChildProcess = spawn(command!, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ask = async (name: string, type: string) => {
    const { stdout } = await run('dig', [
      '+short',
      '+tries=1',
      '+time=1',
      '+norecurse',
      '-p',
      String(port),
      '@::1',
      name,
      type,
    ]).catch(() => ({ stdout: '' }));
    return stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';'))
      .sort();
  };
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    await rm(directory, { recursive: true, force: true });
  };
  for (let attempt = 0; (await ask(Object.keys(zones)[0]!, 'SOA')).length === 0; attempt++) {
    if (attempt === 100 || child.exitCode !== null) {
      await stop();
      throw new Error(`${kind} does not answer:\n${log}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return { port, ask, stop };
}
