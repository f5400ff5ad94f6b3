/** IPv6 addresses of interfaces: struct ifaddrmsg and IFA_ attributes (linux/if_addr.h). */
import type { Body } from './link.ts';
import { Attributes, Fields } from './message.ts';
import { ADDRESS_LENGTH, AF_INET6, checkedLength, type Ipv6Address } from './prefix.ts';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const IFADDRMSG_LENGTH = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const IFA_F_DADFAILED = 0x08;
const IFA_F_DEPRECATED = 0x20;
const IFA_F_TENTATIVE = 0x40;

export interface AddressInfo {
  readonly ifindex: number;
  readonly address: Ipv6Address;
  /** Bits of the prefix on the link. */
  readonly length: number;
  readonly scope: 'global' | 'site' | 'link' | 'host';
  /** Duplicate address detection goes on: not usable yet (RFC 4862 §5.4). */
  readonly tentative: boolean;
  /** Duplicate address detection found another: not usable. */
  readonly duplicate: boolean;
  /** Not for new connections (RFC 4862 §5.5.4). */
  readonly deprecated: boolean;
}

const scopeOf = (number: number): AddressInfo['scope'] => {
  if (number >= 254) return 'host';
  if (number === 253) return 'link';
  return number === 200 ? 'site' : 'global';
};

/** Undefined for IPv4. */
export function decodeAddress(payload: Uint8Array): AddressInfo | undefined {
  const fixed = new Fields(payload);
  if (fixed.u8(0) !== AF_INET6) return undefined;
  const attributes = new Attributes(payload, IFADDRMSG_LENGTH);
  const address =
    attributes.bytesOfLength(IFA_LOCAL, ADDRESS_LENGTH) ??
    attributes.bytesOfLength(IFA_ADDRESS, ADDRESS_LENGTH);
  if (address === undefined) return undefined;
  const flags = attributes.u32(IFA_FLAGS) ?? fixed.u8(2);
  return {
    ifindex: fixed.u32(4),
    address,
    length: checkedLength(fixed.u8(1)),
    scope: scopeOf(fixed.u8(3)),
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
    duplicate: (flags & IFA_F_DADFAILED) !== 0,
    deprecated: (flags & IFA_F_DEPRECATED) !== 0,
  };
}

export const encodeAddressDump = (): Body => ({
  fixed: Fields.ofLength(IFADDRMSG_LENGTH).setU8(0, AF_INET6).bytes,
});
