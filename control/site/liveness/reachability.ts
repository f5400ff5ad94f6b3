/** Which peers' locators each provider is known not to reach. */
import type { Address } from '../../wire/ipv6/address.ts';

export interface Reachability {
  /** False when the provider of that uplink is known to have no way to the address. */
  reaches(uplink: number, address: Address): boolean;
}
