/** What a change of address does to a checksum that covers it. */
import { ADDRESS_LENGTH, type Address } from './address.ts';

/**
 * The number to add, in one's complement, to a checksum's complement when `from` becomes `to` (RFC 1624 §3,
 * equation 3). 0 exactly when the two have the same sum: such a translation is checksum-neutral (RFC 6296 §3.1).
 */
export function checksumDelta(from: Address, to: Address): number {
  let sum = 0;
  for (let index = 0; index < ADDRESS_LENGTH; index += 2) {
    sum += ~((from[index]! << 8) | from[index + 1]!) & 0xffff;
    sum += (to[index]! << 8) | to[index + 1]!;
  }
  // Modulo 65535: one's complement has two zeros, and 0 is the one we keep.
  return sum % 0xffff;
}
