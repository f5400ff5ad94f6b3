/** What RFC 6724 says of a source and a destination address: which combinations make sense, and which are better. */
import { type Address, isLinkLocal } from '../wire/ipv6/address.ts';

interface Policy {
  readonly prefix: readonly number[];
  readonly precedence: number;
  readonly label: number;
}

/** RFC 6724 §2.1, the longest prefixes first; whole octets but for fc00::/7 and fec0::/10, which are masked. */
const POLICIES: readonly Policy[] = [
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], precedence: 50, label: 0 },
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], precedence: 35, label: 4 },
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], precedence: 1, label: 3 },
  { prefix: [0x20, 0x01, 0, 0], precedence: 5, label: 5 },
  { prefix: [0x20, 0x02], precedence: 30, label: 2 },
  { prefix: [0x3f, 0xfe], precedence: 1, label: 12 },
];
const SITE_LOCAL: Policy = { prefix: [], precedence: 1, label: 11 };
const UNIQUE_LOCAL: Policy = { prefix: [], precedence: 3, label: 13 };
const OTHER: Policy = { prefix: [], precedence: 40, label: 1 };

function policyOf(address: Address): Policy {
  if ((address[0]! & 0xfe) === 0xfc) return UNIQUE_LOCAL;
  if (address[0] === 0xfe && (address[1]! & 0xc0) === 0xc0) return SITE_LOCAL;
  return POLICIES.find(({ prefix }) => prefix.every((octet, index) => address[index] === octet)) ?? OTHER;
}

/** RFC 6724 §3.1, of unicast addresses: link-local, the deprecated site-local, global. */
function scopeOf(address: Address): number {
  if (isLinkLocal(address)) return 2;
  return address[0] === 0xfe && (address[1]! & 0xc0) === 0xc0 ? 5 : 14;
}

/** A link-local address reaches nothing global, and the other way round (RFC 5534 §4.3). */
export const isPossible = (source: Address, destination: Address): boolean =>
  scopeOf(source) === scopeOf(destination);

/** RFC 6724 §6, rules 5 and 6: a matching label, then the higher precedence. Lower is better, 0..63 and 64 more. */
export function selectionRank(source: Address, destination: Address): number {
  const policy = policyOf(destination);
  return (policyOf(source).label === policy.label ? 0 : 64) + 63 - policy.precedence;
}

/** RFC 6724 §6, rule 9: bits that both begin with, 0..128. */
export function commonPrefix(source: Address, destination: Address): number {
  for (let index = 0; index < source.length; index++) {
    const difference = source[index]! ^ destination[index]!;
    if (difference !== 0) return 8 * index + Math.clz32(difference) - 24;
  }
  return 128;
}
