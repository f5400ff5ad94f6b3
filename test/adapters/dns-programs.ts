/** Stock name servers and resolvers on loopback, each with its files in a temporary directory of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

export const execute = promisify(execFile);

export class ProgramError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProgramError';
  }
}

export interface Program {
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  stop(): Promise<void>;
}

export interface Recipe {
  /** What it is asked to find out that it answers; the answer's status does not matter. */
  readonly probe: string;
  /** Words of dig beside: +tls. */
  readonly digWords?: readonly string[];
  readonly argv: (directory: string, port: number) => readonly string[];
  readonly files: (directory: string, port: number) => Readonly<Record<string, string>>;
}

export async function startProgram({ probe, digWords = [], argv, files }: Recipe): Promise<Program> {
  const directory = await mkdtemp(join(tmpdir(), 'pshim6-dns-'));
  const port = await freePort();
  for (const [name, text] of Object.entries(files(directory, port))) {
    await writeFile(join(directory, name), text);
  }
  const [command, ...words] = argv(directory, port);
  const child = spawn(command!, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      if (log.length < 65_536) log += chunk.toString();
    });
  }
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answers(child, ['@::1', '-p', String(port), ...digWords, probe, 'SOA'], () => log);
    return { port, pid: child.pid!, directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await exit;
  clearTimeout(timer);
}

async function answers(child: ChildProcess, words: readonly string[], log: () => string): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; ) {
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null) throw new ProgramError(`${child.spawnfile} ended:\n${log()}`);
    const asked = await execute('dig', ['+tries=1', '+time=1', ...words]).catch(() => undefined);
    if (asked?.stdout.includes('status: ')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new ProgramError(`${child.spawnfile} does not answer:\n${log()}`);
}

export interface ServedZone {
  /** Without the final dot. */
  readonly name: string;
  readonly text: string;
}

const fileOf = ({ name }: ServedZone): string => `${name}.zone`;
const filesOf = (zones: readonly ServedZone[]) =>
  Object.fromEntries(zones.map((zone) => [fileOf(zone), zone.text]));

export const bindOptions = (directory: string, port: number, more: string): string => `options {
  directory "${directory}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port ${port} { none; }; listen-on-v6 port ${port} { ::1; };
  empty-zones-enable no; notify no; ${more}
};
controls { };
`;

export const bindArgv = (directory: string) => [
  'named',
  '-g',
  '-n',
  '1',
  '-c',
  join(directory, 'named.conf'),
];

/** `wrap`: what the command line becomes. */
export const startBind = (
  zones: readonly ServedZone[],
  wrap = (argv: readonly string[]): readonly string[] => argv,
): Promise<Program> =>
  startProgram({
    probe: zones[0]!.name,
    argv: (directory) => wrap(bindArgv(directory)),
    files: (directory, port) => ({
      'named.conf':
        bindOptions(directory, port, 'recursion no; dnssec-validation no;') +
        zones.map((zone) => `zone "${zone.name}" { type primary; file "${fileOf(zone)}"; };\n`).join(''),
      ...filesOf(zones),
    }),
  });

export const startNsd = (zones: readonly ServedZone[]): Promise<Program> =>
  startProgram({
    probe: zones[0]!.name,
    argv: (directory) => ['nsd', '-d', '-c', join(directory, 'nsd.conf')],
    files: (directory, port) => ({
      'nsd.conf': `server:
  ip-address: ::1@${port}
  server-count: 1
  username: ""
  zonesdir: "${directory}"
  zonelistfile: "${directory}/zone.list"
  xfrdfile: "${directory}/xfrd.state"
  xfrdir: "${directory}"
  pidfile: ""
  database: ""
remote-control:
  control-enable: no
${zones.map((zone) => `zone:\n  name: "${zone.name}"\n  zonefile: "${fileOf(zone)}"\n`).join('')}`,
      ...filesOf(zones),
    }),
  });

export const startKnot = (zones: readonly ServedZone[]): Promise<Program> =>
  startProgram({
    probe: zones[0]!.name,
    argv: (directory) => ['knotd', '-c', join(directory, 'knot.conf')],
    files: (directory, port) => ({
      'knot.conf': `server:
  listen: ::1@${port}
  rundir: "${directory}"
  udp-workers: 1
  tcp-workers: 1
log:
  - target: stderr
    any: warning
database:
  storage: "${directory}"
template:
  - id: default
    storage: "${directory}"
    zonefile-sync: -1
    journal-content: none
zone:
${zones.map((zone) => `  - domain: ${zone.name}\n    file: "${fileOf(zone)}"\n`).join('')}`,
      ...filesOf(zones),
    }),
  });

/** Where a resolver finds a zone. */
export interface Delegation {
  readonly name: string;
  readonly port: number;
}

export const startBindResolver = (delegations: readonly Delegation[]): Promise<Program> =>
  startProgram({
    probe: delegations[0]!.name,
    argv: bindArgv,
    files: (directory, port) => ({
      'named.conf':
        bindOptions(directory, port, 'recursion yes; allow-query { any; }; dnssec-validation no;') +
        delegations
          .map(
            ({ name, port: at }) =>
              `zone "${name}" { type forward; forward only; forwarders { ::1 port ${at}; }; };\n`,
          )
          .join(''),
    }),
  });

export interface UnboundOptions {
  readonly delegations: readonly Delegation[];
  /** DS records that are trusted. */
  readonly anchors?: readonly string[];
  /** Answers over TLS alone; files of key and certificate. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

export const startUnbound = ({ delegations, anchors = [], tls }: UnboundOptions): Promise<Program> =>
  startProgram({
    probe: delegations[0]!.name,
    digWords: tls === undefined ? [] : ['+tls'],
    argv: (directory) => ['unbound', '-d', '-p', '-c', join(directory, 'unbound.conf')],
    files: (directory, port) => ({
      'unbound.conf': `server:
  interface: ::1@${port}
  ${tls === undefined ? `port: ${port}` : `tls-port: ${port}\n  tls-service-key: "${tls.key}"\n  tls-service-pem: "${tls.certificate}"`}
  directory: "${directory}"
  chroot: ""
  username: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  do-ip4: no
  access-control: ::1 allow
  module-config: "validator iterator"
  qname-minimisation: no
${anchors.map((anchor) => `  trust-anchor: "${anchor}"\n`).join('')}remote-control:
  control-enable: no
${delegations.map(({ name, port: at }) => `stub-zone:\n  name: "${name}"\n  stub-addr: ::1@${at}\n`).join('')}`,
    }),
  });

export interface SignedZone extends ServedZone {
  /** The DS record of its key, for a parent or as a trust anchor. */
  readonly ds: string;
}

/** Signs a zone with a fresh key, by the tools of BIND. */
export async function signZone({ name, text }: ServedZone): Promise<SignedZone> {
  const directory = await mkdtemp(join(tmpdir(), 'pshim6-sign-'));
  try {
    const options = { cwd: directory };
    await writeFile(join(directory, 'zone'), text);
    const keygen = ['-q', '-a', 'ECDSAP256SHA256', '-f', 'KSK', name];
    const key = (await execute('dnssec-keygen', keygen, options)).stdout.trim();
    await execute('dnssec-signzone', ['-S', '-z', '-o', name, '-f', 'zone.signed', 'zone'], options);
    const ds = (await execute('dnssec-dsfromkey', [`${key}.key`], options)).stdout.trim();
    const signed = await execute('cat', ['zone.signed'], options);
    return { name, text: signed.stdout, ds };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `delv`'s own form of a DS trust anchor. */
export function delvAnchors(ds: readonly string[]): string {
  const anchors = ds.map((record) => {
    const [name, , , tag, algorithm, digestType, ...digest] = record.split(/\s+/);
    return `  "${name}" static-ds ${tag} ${algorithm} ${digestType} "${digest.join('')}";`;
  });
  return `trust-anchors {\n${anchors.join('\n')}\n};\n`;
}
