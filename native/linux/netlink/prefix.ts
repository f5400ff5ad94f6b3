/** IPv6 addresses and prefixes as rtnetlink carries them: octets in an attribute, the length in the fixed part. */
import { type Attribute, type Attributes, attribute, NetlinkDecodeError } from './message.ts';

export const AF_INET6 = 10;
export const ADDRESS_LENGTH = 16;

/** 16 octets in network order. */
export type Ipv6Address = Uint8Array;

export interface Ipv6Prefix {
  readonly address: Ipv6Address;
  /** Bits, 0 to 128. */
  readonly length: number;
}

/** The address attribute of `prefix`; none for the absent prefix and for ::/0. */
export const prefixAttributes = (type: number, prefix: Ipv6Prefix | undefined): readonly Attribute[] =>
  prefix === undefined || prefix.length === 0 ? [] : [addressAttribute(type, prefix.address)];

/** Throws RangeError unless `address` has 16 octets. */
export function addressAttribute(type: number, address: Ipv6Address): Attribute {
  if (address.length !== ADDRESS_LENGTH)
    throw new RangeError(`an IPv6 address has ${ADDRESS_LENGTH} octets, not ${address.length}`);
  return attribute(type, address);
}

/** The prefix of an attribute and its length; ::/0 where the attribute is absent. Throws NetlinkDecodeError. */
export const decodePrefix = (attributes: Attributes, type: number, length: number): Ipv6Prefix => ({
  address: attributes.bytesOfLength(type, ADDRESS_LENGTH) ?? new Uint8Array(ADDRESS_LENGTH),
  length: checkedLength(length),
});

/** Bits of a prefix. Throws NetlinkDecodeError for more than there are. */
export function checkedLength(length: number): number {
  if (length > 8 * ADDRESS_LENGTH) throw new NetlinkDecodeError(1, `a prefix of ${length} bits`);
  return length;
}
