/** IPv6 prefixes: an address and a length in bits. */
import { ADDRESS_LENGTH, type Address, AddressError, formatAddress, parseAddress } from './address.ts';

export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** Throws AddressError unless `text` is `ADDRESS/LENGTH` with all bits beyond the length zero. */
export function parsePrefix(text: string): Prefix {
  const slash = text.lastIndexOf('/');
  const digits = text.slice(slash + 1);
  const length = Number(digits);
  if (slash < 0 || !/^\d{1,3}$/.test(digits) || length > 128)
    throw new AddressError(text, 'an IPv6 prefix, like 2001:db8::/48');
  const prefix = { address: parseAddress(text.slice(0, slash)), length };
  const network = combine(prefix, new Uint8Array(ADDRESS_LENGTH));
  if (!network.every((octet, index) => octet === prefix.address[index])) {
    throw new AddressError(
      text,
      `a prefix: bits beyond /${length} are set, meant is ${formatAddress(network)}/${length}`,
    );
  }
  return prefix;
}

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix.address)}/${prefix.length}`;

export function containsAddress(prefix: Prefix, address: Address): boolean {
  const whole = prefix.length >> 3;
  for (let index = 0; index < whole; index++) if (prefix.address[index] !== address[index]) return false;
  const rest = prefix.length & 7;
  return rest === 0 || (prefix.address[whole]! ^ address[whole]!) >> (8 - rest) === 0;
}

/** The prefix's bits followed by the remaining bits of `rest`. */
export function combine(prefix: Prefix, rest: Address): Address {
  const result = new Uint8Array(rest);
  const whole = prefix.length >> 3;
  result.set(prefix.address.subarray(0, whole));
  const bits = prefix.length & 7;
  if (bits !== 0) {
    const mask = (0xff << (8 - bits)) & 0xff;
    result[whole] = (prefix.address[whole]! & mask) | (rest[whole]! & ~mask & 0xff);
  }
  return result;
}
