/** What is known of each provider's uplink, and why it is used or not. */
import type { UplinkReport } from '../api/protocol.ts';
import type { Box } from '../box.ts';
import type { Uplink } from '../site/uplinks.ts';
import { formatAddress } from '../wire/ipv6/address.ts';
import { formatMac } from '../wire/ipv6/header.ts';
import { formatPrefix } from '../wire/ipv6/prefix.ts';
import { dateOf } from './date.ts';

export function uplinkReports(box: Box): readonly UplinkReport[] {
  return box.links.uplinks.map((uplink) => uplinkReport(uplink, performance.now()));
}

function uplinkReport(uplink: Uplink, now: number): UplinkReport {
  const { provider, health, gateway, mtu, switches } = uplink;
  return {
    name: provider.name,
    state: uplink.up ? 'up' : 'down',
    phase: uplink.phase(now),
    upAt: dateOf(health.upAt(now)),
    interface: provider.interface,
    prefix: formatPrefix(provider.prefix),
    gateway: formatAddress(provider.gateway),
    tunnel: provider.tunnel === undefined ? null : formatAddress(provider.tunnel.remote),
    gatewayMac: gateway === undefined ? null : formatMac(gateway),
    mtu,
    since: dateOf(switches.at(-1)?.at),
    switches: switches.map(({ state, reason, at }) => ({ state, reason, at: dateOf(at)! })),
    sources: health.sources.map(({ source, state, detail, since }) => ({
      source,
      state,
      detail,
      since: dateOf(since)!,
    })),
  };
}
