/** What makes a host of the lab a host: a stock dhclient gets its address and resolver, the kernel its default route. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { runIn, until } from './command.ts';
import { inState } from './paths.ts';
import { assertAlive, start } from './process.ts';
import { unconfined } from './services.ts';
import type { LabHost, LabProcess } from './state.ts';
import { NAMESPACE_PREFIX } from './topology.ts';

/** What `ip netns exec` shows the host's programs as /etc/resolv.conf. */
const resolverFile = (namespace: string): string => `/etc/netns/${NAMESPACE_PREFIX}${namespace}/resolv.conf`;

/**
 * Instead of Debian's: that one replaces /etc/resolv.conf, which is mounted here and cannot be. A file written in place
 * is seen by programs that run already.
 */
const script = (namespace: string): string => `#!/bin/sh
address() { ip -6 address "$@" dev "$interface"; }
case "$reason" in
  PREINIT6) ip link set dev "$interface" up ;;
  BOUND6 | RENEW6 | REBIND6)
    if [ -n "$old_ip6_address" ] && [ "$old_ip6_address" != "$new_ip6_address" ]; then
      address del "$old_ip6_address/128"
    fi
    [ -n "$new_ip6_address" ] &&
      address replace "$new_ip6_address/128" valid_lft "$new_max_life" preferred_lft "$new_preferred_life"
    [ -n "$new_dhcp6_name_servers" ] && {
      for server in $new_dhcp6_name_servers; do echo "nameserver $server"; done
      echo "search $new_dhcp6_domain_search" | sed 's/\\.\\( \\|$\\)/\\1/g'
    } >${resolverFile(namespace)}
    ;;
  DEPREF6) address change "$cur_ip6_address/128" preferred_lft 0 ;;
  EXPIRE6 | RELEASE6 | STOP6 | FAIL6) address del "$old_ip6_address/128" ;;
esac
exit 0
`;

const configuration = `request dhcp6.name-servers, dhcp6.domain-search;
send dhcp6.rapid-commit;
`;

/** The DUID as dhclient keeps it: octal escapes. */
const leases = (duid: string): string => {
  const octets = Buffer.from(duid, 'hex');
  return `default-duid "${[...octets].map((octet) => `\\${octet.toString(8).padStart(3, '0')}`).join('')}";\n`;
};

/** Starts the client; it stays, and renews. */
export async function startDhcpClient({ namespace, duid }: LabHost): Promise<LabProcess> {
  const directory = inState(namespace);
  mkdirSync(directory, { recursive: true });
  const file = (name: string): string => `${directory}/dhclient.${name}`;
  writeFileSync(file('script'), script(namespace));
  chmodSync(file('script'), 0o700);
  writeFileSync(file('conf'), configuration);
  writeFileSync(file('leases'), leases(duid));
  const files = ['-cf', file('conf'), '-lf', file('leases'), '-pf', file('pid'), '-sf', file('script')];
  const argv = ['/sbin/dhclient', '-6', '-d', '-v', ...files, 'eth0'];
  return start(`dhclient-${namespace}`, namespace, unconfined(argv));
}

/** Starts the client and returns when the host has its address, a default route and a resolver. */
export async function configureHost(host: LabHost): Promise<void> {
  const { namespace, cmula } = host;
  const client = await startDhcpClient(host);
  await until(
    `${namespace} has ${cmula} by DHCPv6, a default route and a resolver`,
    async () => {
      assertAlive(client);
      const [addresses, routes] = await Promise.all([
        runIn(namespace, ['ip', '-6', 'address', 'show', 'dev', 'eth0', 'to', `${cmula}/128`]),
        runIn(namespace, ['ip', '-6', 'route', 'show', 'default']),
      ]);
      const resolver = readFileSync(resolverFile(namespace), 'utf8');
      return addresses.stdout !== '' && routes.stdout !== '' && resolver.includes('nameserver');
    },
    30_000,
  );
}
