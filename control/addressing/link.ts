/** The link that a client is on: where its message came in, or what its relay agents say (RFC 8415 §13.1). */
import type { RelayedMessage } from '../wire/dhcp6/index.ts';
import { type Address, isUnspecified } from '../wire/ipv6/address.ts';
import { containsAddress } from '../wire/ipv6/prefix.ts';
import type { SubnetSettings } from './settings.ts';

/**
 * The subnets of the client's link; none when it is not one of ours. Of relay agents the one nearest to the client that
 * gives a link-address counts: one of zero says nothing (RFC 6221).
 */
export function subnetsOfLink(
  subnets: readonly SubnetSettings[],
  interfaceName: string,
  relays: readonly RelayedMessage[],
): readonly SubnetSettings[] {
  const nearest = relays.findLast(({ linkAddress }) => !isUnspecified(linkAddress));
  if (nearest === undefined) return subnets.filter((subnet) => subnet.interface === interfaceName);
  return subnets.filter((subnet) => servesLinkAddress(subnet, nearest.linkAddress));
}

const servesLinkAddress = ({ prefix, relays }: SubnetSettings, linkAddress: Address): boolean =>
  containsAddress(prefix, linkAddress) || relays.some((relay) => containsAddress(relay, linkAddress));

export const isOnLink = (subnets: readonly SubnetSettings[], address: Address): boolean =>
  subnets.some(({ prefix }) => containsAddress(prefix, address));
