/**
 * systemd-resolved without systemd: its binary alone, with a /run of its own, so that nothing of the machine's name
 * service changes. Where it is not installed the package is fetched and unpacked, never installed: its installation
 * would take over /etc/resolv.conf.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, run, runIn, until } from '../command.ts';
import { inState } from '../paths.ts';
import { assertAlive, start } from '../process.ts';
import type { LabHost } from '../state.ts';

const BINARY = 'lib/systemd/systemd-resolved';
/** Where its stub resolver listens. */
export const STUB = '127.0.0.53';

/** Its path; undefined where it is not installed and cannot be fetched. */
export async function findResolved(): Promise<string | undefined> {
  for (const installed of [`/usr/${BINARY}`, `/${BINARY}`]) if (existsSync(installed)) return installed;
  const directory = inState('resolved');
  mkdirSync(directory, { recursive: true });
  try {
    await run([
      'sh',
      '-c',
      `cd ${directory} && apt-get -qq -o APT::Sandbox::User=root download systemd-resolved`,
    ]);
    const [file] = readdirSync(directory).filter((name) => name.endsWith('.deb'));
    await run(['dpkg', '-x', join(directory, file!), directory]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return undefined;
  }
  return [`usr/${BINARY}`, BINARY].map((path) => join(directory, path)).find(existsSync);
}

/** Its user, where the machine does not know it, is written into a copy of the machine's list. */
const USER = 'systemd-resolve';
const asUser = (): string =>
  readFileSync('/etc/passwd', 'utf8').includes(`${USER}:`)
    ? ''
    : ['passwd', 'group']
        .map(
          (list) => `cp /etc/${list} /run/${list}
echo '${USER}:x:991:991::/:/bin/false' >>/run/${list}
mount --bind /run/${list} /etc/${list}
`,
        )
        .join('');

/** Starts it on a host, as its stub resolver at 127.0.0.53. */
export async function startResolved(
  host: LabHost,
  binary: string,
  settings: { nameserver: string; search: string },
): Promise<void> {
  const script = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
cp ${binary} /mnt/resolved
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/resolved.conf.d
${asUser()}cat >/run/systemd/resolved.conf.d/lab.conf <<'END'
[Resolve]
DNS=${settings.nameserver}
FallbackDNS=
Domains=${settings.search}
DNSSEC=no
LLMNR=no
MulticastDNS=no
END
exec /mnt/resolved
`;
  const program = await start(`resolved-${host.namespace}`, host.namespace, [
    'unshare',
    '-m',
    'sh',
    '-c',
    script,
  ]);
  await until('systemd-resolved answers', async () => {
    assertAlive(program);
    const { stdout } = await runIn(host.namespace, [
      'dig',
      '+tries=1',
      '+time=1',
      `@${STUB}`,
      'localhost',
      'A',
    ]);
    return stdout.includes('status: NOERROR');
  });
}

/** Runs a program on the host that is told another resolver than the rest of the host. */
export const runWithResolver = (host: LabHost, resolver: string, argv: readonly string[]) =>
  runIn(host.namespace, [
    'unshare',
    '-m',
    'sh',
    '-c',
    `mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && echo 'nameserver ${resolver}' >/mnt/f && mount --bind /mnt/f /etc/resolv.conf && exec "$@"`,
    'sh',
    ...argv,
  ]);
