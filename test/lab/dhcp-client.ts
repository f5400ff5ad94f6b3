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
const script = (resolver: string): string => `#!/bin/sh
address() { ip -6 address "$@" dev "$interface"; }
case "$reason" in
  PREINIT6) ip link set dev "$interface" up ;;
  BOUND6 | RENEW6 | REBIND6)
    # The address last: whoever sees it finds the rest there. What stays the same is not written while others read it.
    resolver=$(
      for server in $new_dhcp6_name_servers; do echo "nameserver $server"; done
      echo "search $new_dhcp6_domain_search" | sed 's/\\.\\( \\|$\\)/\\1/g'
    )
    [ -n "$new_dhcp6_name_servers" ] && [ "$resolver" != "$(cat ${resolver})" ] && echo "$resolver" >${resolver}
    if [ -n "$old_ip6_address" ] && [ "$old_ip6_address" != "$new_ip6_address" ]; then
      address del "$old_ip6_address/128"
    fi
    [ -n "$new_ip6_address" ] &&
      address replace "$new_ip6_address/128" valid_lft "$new_max_life" preferred_lft "$new_preferred_life"
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

export interface DhclientOptions {
  /** Where it writes the resolver that it hears of. */
  readonly resolver?: string;
  /** That it asks for, of one label. */
  readonly name?: string;
  /** Its leases of an earlier life are there still. */
  readonly again?: boolean;
}

/** Starts the client; it stays, and renews. */
export async function startDhcpClient(
  { namespace, duid }: Pick<LabHost, 'namespace' | 'duid'>,
  { resolver = resolverFile(namespace), name, again = false }: DhclientOptions = {},
): Promise<LabProcess> {
  const directory = inState(namespace);
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(namespace, 'script'), script(resolver));
  chmodSync(fileOf(namespace, 'script'), 0o700);
  const asked = name === undefined ? '' : `send fqdn.fqdn "${name}";\nsend fqdn.server-update on;\n`;
  writeFileSync(fileOf(namespace, 'conf'), configuration + asked);
  if (!again) writeFileSync(fileOf(namespace, 'leases'), leases(duid));
  const argv = ['/sbin/dhclient', '-6', '-d', '-v', ...filesOf(namespace), 'eth0'];
  return start(`dhclient-${namespace}`, namespace, unconfined(argv));
}

/** Ends the client; it tells the server that it needs its address no more. */
export const releaseDhcpClient = (namespace: string): Promise<unknown> =>
  runIn(namespace, unconfined(['/sbin/dhclient', '-6', '-r', ...filesOf(namespace), 'eth0']));

const fileOf = (namespace: string, name: string): string => inState(namespace, `dhclient.${name}`);
const filesOf = (namespace: string): string[] =>
  Object.entries({ cf: 'conf', lf: 'leases', pf: 'pid', sf: 'script' }).flatMap(([option, name]) => [
    `-${option}`,
    fileOf(namespace, name),
  ]);

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
