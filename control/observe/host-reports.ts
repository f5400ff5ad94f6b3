/** What is known of each host: its addresses, and the lease or reservation behind them. */
import type { HostDetail, HostReport } from '../api/protocol.ts';
import type { Box } from '../box.ts';
import type { Binding } from '../store/records.ts';
import { type Address, addressKey, formatAddress } from '../wire/ipv6/address.ts';
import { formatMac } from '../wire/ipv6/header.ts';
import { formatPrefix } from '../wire/ipv6/prefix.ts';

/** Hosts that are served, then addresses that are kept for hosts that are not. */
export function hostReports(box: Box): readonly HostReport[] {
  const { hosts } = box.site;
  const served = [...hosts.live.values()].map(({ ulid }) => hostReport(box, ulid));
  const kept = [...hosts.leases.bindings(), ...hosts.leases.reservations()].filter(
    ({ ulid }) => !hosts.live.has(addressKey(ulid)),
  );
  const others = new Map(kept.map(({ ulid }) => [addressKey(ulid), ulid]));
  return [...served, ...[...others.values()].map((ulid) => hostReport(box, ulid))];
}

function hostReport(box: Box, ulid: Address): HostReport {
  const { hosts } = box.site;
  const host = hosts.live.get(addressKey(ulid));
  const link = box.links.hostLink(ulid);
  const lease = hosts.leases.bindingOf(ulid);
  return {
    name: host?.name ?? lease?.name ?? hosts.leases.reservationOf(ulid)?.name ?? null,
    ulid: formatAddress(ulid),
    locators: host?.locators.map(({ address }) => formatAddress(address)) ?? [],
    mac: link === undefined ? null : formatMac(link.mac),
    origin: host?.origin ?? (lease === undefined ? 'reservation' : 'lease'),
    served: host !== undefined,
  };
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const time = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Everything of one host; undefined when the address is nobody's. */
export function hostDetail(box: Box, ulid: Address): HostDetail | undefined {
  const { hosts } = box.site;
  const host = hosts.live.get(addressKey(ulid));
  const lease = hosts.leases.bindingOf(ulid);
  const reservation = hosts.leases.reservationOf(ulid);
  const parts = host?.parts ?? lease ?? reservation;
  if (parts === undefined) return undefined;
  const { subnet, modifier, collisionCount, sec, hba } = parts;
  return {
    ...hostReport(box, ulid),
    subnet: formatPrefix(subnet),
    modifier: hex(modifier),
    collisionCount,
    sec,
    hba: hba?.prefixes.map(formatPrefix) ?? null,
    locatorsByProvider: Object.fromEntries(
      (host?.locators ?? []).map(({ provider, address }) => [provider, formatAddress(address)]),
    ),
    lease: lease === undefined ? null : leaseDetail(lease),
    reservation:
      reservation === undefined
        ? null
        : {
            duid: reservation.duid === undefined ? null : hex(reservation.duid),
            remoteId: reservation.remoteId === undefined ? null : hex(reservation.remoteId),
          },
  };
}

const leaseDetail = (lease: Binding) => ({
  state: lease.state,
  duid: hex(lease.duid),
  iaid: lease.iaid,
  boundAt: time(lease.boundAt),
  preferredUntil: time(lease.preferredUntil),
  validUntil: time(lease.validUntil),
});
