/** What the lab's hosts offer: nginx, sshd and iperf3, each with its own files in the lab's directory. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { run, runIn, together, until } from './command.ts';
import { LAB_NAME } from './name.ts';
import { inState } from './paths.ts';
import { assertAlive, start } from './process.ts';
import { claim } from './shared-directory.ts';
import { SITES, WEB_SERVER } from './topology.ts';

/** The file that hosts download: its path on the web servers and its length in octets. */
export const PAYLOAD = { path: '/payload.bin', length: 100_000_000 } as const;
/** What every web server says at its root. */
export const GREETING = 'the lab says hello\n';

const DOCUMENTS = inState('www');
/** sshd looks for it with every connection, and resets the connection where it is missing. */
export const PRIVILEGE_SEPARATION = '/run/sshd';
const APPARMOR_PROFILES = '/sys/kernel/security/apparmor/profiles';

/** Where AppArmor confines daemons to their system-wide directories, runs one of our own outside it. */
export function unconfined(argv: readonly string[]): readonly string[] {
  if (!existsSync(APPARMOR_PROFILES)) return argv;
  const confined = readFileSync(APPARMOR_PROFILES, 'utf8').includes(argv[0]!);
  return confined ? ['aa-exec', '-p', 'unconfined', '--', ...argv] : argv;
}

/** Writes the file to download and returns its SHA-256, in hexadecimal. */
function writePayload(): string {
  mkdirSync(DOCUMENTS, { recursive: true });
  writeFileSync(`${DOCUMENTS}/index.html`, GREETING);
  const file = openSync(DOCUMENTS + PAYLOAD.path, 'w');
  const digest = createHash('sha256');
  // Numbered copies of one random block: every part of the file is different, at no cost.
  const block = randomBytes(1_000_000);
  for (let written = 0; written < PAYLOAD.length; written += block.length) {
    block.writeUInt32BE(written);
    writeSync(file, block);
    digest.update(block);
  }
  closeSync(file);
  return digest.digest('hex');
}

export const payloadDigest = (): string => readFileSync(inState('payload.sha256'), 'utf8');

async function startListener(
  name: string,
  namespace: string,
  port: number,
  argv: readonly string[],
): Promise<void> {
  const program = await start(`${name}-${namespace}`, namespace, unconfined(argv));
  await until(`${name} listens in ${namespace}`, async () => {
    assertAlive(program);
    return (await runIn(namespace, ['ss', '-Hltn', `sport = :${port}`])).stdout !== '';
  });
}

async function startWebServer(namespace: string): Promise<void> {
  const directory = inState(namespace);
  mkdirSync(directory, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join('\n  ');
  // One process, so that ending it ends all of it.
  const configuration = `daemon off;
master_process off;
user root;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { }
http {
  access_log off;
  sendfile on;
  ${temporary}
  server {
    listen [::]:80;
    root ${DOCUMENTS};
  }
}
`;
  writeFileSync(`${directory}/nginx.conf`, configuration);
  const argv = ['nginx', '-p', directory, '-e', 'stderr', '-c', `${directory}/nginx.conf`];
  await startListener('nginx', namespace, 80, argv);
}

/** Options for ssh to trust the lab's hosts, and only them. */
export const SSH_OPTIONS: readonly string[] = [
  '-F',
  'none',
  '-i',
  inState('ssh', 'user'),
  '-o',
  'IdentitiesOnly=yes',
  '-o',
  'BatchMode=yes',
  '-o',
  'StrictHostKeyChecking=yes',
  '-o',
  `UserKnownHostsFile=${inState('ssh', 'known_hosts')}`,
  '-o',
  'GlobalKnownHostsFile=none',
];

/** sshd without PAM refuses a root account whose password is locked, whatever key is shown. */
const rootIsLocked = (): boolean => readFileSync('/etc/shadow', 'utf8').startsWith('root:!');

async function prepareSsh(): Promise<void> {
  mkdirSync(inState('ssh'), { recursive: true, mode: 0o700 });
  claim(PRIVILEGE_SEPARATION, LAB_NAME);
  const key = (name: string) =>
    run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', inState('ssh', name)]);
  await Promise.all([key('user'), key('host')]);
  const publicKey = readFileSync(inState('ssh', 'host.pub'), 'utf8');
  const names = SITES.flatMap(({ hosts }) => hosts.map(({ name }) => name)).join(',');
  writeFileSync(inState('ssh', 'known_hosts'), `${names} ${publicKey}`);
  const configuration = `Port 22
AddressFamily inet6
HostKey ${inState('ssh', 'host')}
AuthorizedKeysFile ${inState('ssh', 'user.pub')}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM ${rootIsLocked() ? 'yes' : 'no'}
UseDNS no
PidFile none
Subsystem sftp internal-sftp
`;
  writeFileSync(inState('ssh', 'sshd_config'), configuration);
}

/** Starts everything on the hosts of both sites, and the legacy web server. */
export async function startServices(): Promise<void> {
  writeFileSync(inState('payload.sha256'), writePayload());
  await prepareSsh();
  const hosts = SITES.flatMap((site) => site.hosts.map(({ namespace }) => namespace));
  // sshd wants its own full path: it starts itself again for every connection.
  const sshd = ['/usr/sbin/sshd', '-D', '-e', '-f', inState('ssh', 'sshd_config')];
  await together([
    ...[...hosts, WEB_SERVER.namespace].map(startWebServer),
    ...hosts.map((namespace) => startListener('sshd', namespace, 22, sshd)),
    ...hosts.map((namespace) => startListener('iperf3', namespace, 5201, ['iperf3', '-s'])),
  ]);
}
