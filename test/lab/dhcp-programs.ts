/** DHCPv6 clients besides dhclient, in the host h1b: each sees directories of its own in the place of the machine's. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { run } from './command.ts';
import { inState } from './paths.ts';
import { start } from './process.ts';
import type { LabHost, LabProcess } from './state.ts';

/** The octets of a DUID as both programs write them. */
const colons = (duid: string): string => duid.match(/../g)!.join(':');

async function inMounts(name: string, { namespace }: LabHost, script: string): Promise<LabProcess> {
  const file = inState(namespace, `${name}.sh`);
  writeFileSync(file, `set -e\n${script}`);
  return start(`${name}-${namespace}`, namespace, ['unshare', '--mount', 'sh', file]);
}

/** Its leases stay from one start to the next. */
export async function startDhcpcd(host: LabHost): Promise<LabProcess> {
  const directory = inState(host.namespace, 'dhcpcd');
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/duid`, `${colons(host.duid)}\n`);
  const configuration = inState(host.namespace, 'dhcpcd.conf');
  writeFileSync(configuration, 'duid\nipv6only\noption domain_name_servers, domain_search\nia_na\n');
  return inMounts(
    'dhcpcd',
    host,
    `mount --bind ${directory} /var/lib/dhcpcd
exec 3<${configuration}
mount -t tmpfs tmpfs /run
mkdir /run/dhcpcd
cat <&3 >/run/dhcpcd.conf
exec dhcpcd -6 -B -d -f /run/dhcpcd.conf -c /bin/true eth0
`,
  );
}

/** Has it release its lease and end. */
export const releaseDhcpcd = ({ pid }: LabProcess): Promise<unknown> =>
  run(['nsenter', '--target', String(pid), '--net', '--mount', 'dhcpcd', '-6', '-k', 'eth0']);

/** Without systemd as the first process: /sys read-only tells it that no udev will name interfaces. */
export const startNetworkd = (host: LabHost): Promise<LabProcess> =>
  inMounts(
    'networkd',
    host,
    `mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/network /run/dbus
cat >/run/systemd/network/10-eth0.network <<END
[Match]
Name=eth0
[Network]
IPv6AcceptRA=yes
[DHCPv6]
DUIDType=link-layer
DUIDRawData=${colons(host.duid.slice(4))}
END
mount --bind -o ro /sys /sys
export SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console
exec /lib/systemd/systemd-networkd
`,
  );
