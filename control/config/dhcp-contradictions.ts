/** What must hold between the DHCPv6 part of a configuration and the rest. */
import { containsAddress, formatPrefix } from '../wire/ipv6/prefix.ts';
import type { Config } from './schema.ts';

export function* dhcpContradictions({ dhcp, hosts, inside, site }: Config): Generator<string> {
  for (const [index, subnet] of (dhcp?.subnets ?? []).entries()) {
    const key = `dhcp.subnets.${index}`;
    const text = formatPrefix(subnet.prefix);
    if (!site.prefixes.some((prefix) => containsAddress(prefix, subnet.prefix.address)))
      yield `${key}.prefix: ${text} is in none of site.prefixes (${site.prefixes.map(formatPrefix).join(', ')})`;
    const names = inside.map((row) => row.interface);
    if (subnet.interface !== undefined && !names.includes(subnet.interface))
      yield `${key}.interface: ${subnet.interface} is no inside interface (${names.join(', ')})`;
  }
  const served = dhcp?.subnets.map(({ prefix }) => formatPrefix(prefix)) ?? [];
  for (const [index, host] of hosts.entries()) {
    const asks = host.duid !== undefined || host['remote-id'] !== undefined;
    if (asks && !served.includes(formatPrefix(host.subnet)))
      yield `hosts.${index}.subnet: ${formatPrefix(host.subnet)} is none of dhcp.subnets (${served.join(', ') || 'there are none'}), so the host cannot get its address by DHCPv6`;
  }
}
