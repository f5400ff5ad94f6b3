/** A provider that is reached through a tunnel to an exit router, which has the link to it. */
import { z } from 'zod';
import {
  type Address,
  equalAddress,
  formatAddress,
  isMulticast,
  isUnspecified,
} from '../wire/ipv6/address.ts';
import { containsAddress, formatPrefix, type Prefix } from '../wire/ipv6/prefix.ts';
import { address } from './fields.ts';

/** IPv6 in IPv6 (RFC 2473); docs/uplinks.md. */
export const tunnelSchema = z.strictObject({
  /** An address of the box itself. */
  local: address,
  /** The exit router's. */
  remote: address,
});

/** What is wrong with a tunnel, given the site's `ulids`; each begins with the key. */
export function* tunnelMistakes(
  tunnel: z.output<typeof tunnelSchema> | undefined,
  ulids: readonly Prefix[],
): Generator<string> {
  if (tunnel === undefined) return;
  const ends: readonly (readonly [string, Address])[] = [
    ['local', tunnel.local],
    ['remote', tunnel.remote],
  ];
  for (const [key, end] of ends) {
    if (isMulticast(end) || isUnspecified(end))
      yield `tunnel.${key}: ${formatAddress(end)} is no address of a single node`;
    const within = ulids.find((prefix) => containsAddress(prefix, end));
    if (within !== undefined)
      yield `tunnel.${key}: ${formatAddress(end)} is in ${formatPrefix(within)} of ulids, which no outside interface takes`;
  }
  if (equalAddress(tunnel.local, tunnel.remote)) yield 'tunnel.remote: is tunnel.local';
}
