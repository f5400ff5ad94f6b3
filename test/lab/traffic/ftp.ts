/** FTP names addresses inside its own messages (RFC 2428): they are ULIDs, and must simply work. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runIn } from '../command.ts';
import { inState } from '../paths.ts';
import type { LabHost } from '../state.ts';
import { listen } from './listen.ts';

/** An anonymous server of `directory`, which every user must be able to read. */
export async function serveFtp(host: LabHost, directory: string): Promise<void> {
  const empty = join(directory, 'empty');
  mkdirSync(empty, { recursive: true, mode: 0o755 });
  const file = inState(`vsftpd-${host.namespace}.conf`);
  writeFileSync(
    file,
    `listen=NO
listen_ipv6=YES
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=YES
anon_root=${directory}
secure_chroot_dir=${empty}
ftp_username=daemon
nopriv_user=nobody
port_enable=YES
seccomp_sandbox=NO
xferlog_enable=NO
`,
  );
  await listen('vsftpd', host, 'tcp', 21, ['/usr/sbin/vsftpd', file]);
}

/** Fetches a file in one of FTP's modes; SHA-256 of what came. `active`: the server connects back (EPRT). */
export async function fetchByFtp(
  client: LabHost,
  server: LabHost,
  path: string,
  file: string,
  mode: 'active' | 'passive',
): Promise<string> {
  const words = mode === 'active' ? ['--ftp-port', '-'] : ['--ftp-pasv'];
  await runIn(client.namespace, [
    ...['curl', '-sS', '--fail', '--max-time', '60', ...words],
    ...['-o', file, `ftp://${server.name}/${path}`],
  ]);
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
