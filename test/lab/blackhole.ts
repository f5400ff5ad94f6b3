/** A provider's router that forwards no more, and tells nobody: links stay up, routes stay where they are. */
import { runIn } from './command.ts';
import { findProvider } from './network.ts';

/** What of a site's traffic is lost: `out` leaves it, `in` comes to it. */
export type Direction = 'both' | 'out' | 'in';

const TABLE = 'pshim6_blackhole';

/** Drops what the provider would forward between its site and the Internet. */
export async function blackhole(provider: string, direction: Direction): Promise<void> {
  const { prefix } = findProvider(provider).provider;
  const rules = [
    ...(direction === 'in' ? [] : [`ip6 saddr ${prefix} drop`]),
    ...(direction === 'out' ? [] : [`ip6 daddr ${prefix} drop`]),
  ];
  const script = [
    `add table ip6 ${TABLE}`,
    `add chain ip6 ${TABLE} forward { type filter hook forward priority -10; policy accept; }`,
    ...rules.map((rule) => `add rule ip6 ${TABLE} forward ${rule}`),
  ];
  await runIn(provider, ['nft', script.join('; ')]);
}

export const endBlackhole = (provider: string) => runIn(provider, ['nft', `delete table ip6 ${TABLE}`]);
