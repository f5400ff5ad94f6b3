/** Names of the reverse tree (RFC 3596 §2.5). */
import type { Address } from '../ipv6/address.ts';
import { type Name, parseName } from './name.ts';

/** The ip6.arpa name of an address, presentation form without the final dot. */
export const formatReverseName = (address: Address): string =>
  `${[...Buffer.from(address).toString('hex')].reverse().join('.')}.ip6.arpa`;

export const reverseName = (address: Address): Name => parseName(formatReverseName(address));
