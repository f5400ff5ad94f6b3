/** IPv6 addresses: 16 octets, network order. Text forms as RFC 4291 and RFC 5952 print them. */
import ipaddr from 'ipaddr.js';

export type Address = Uint8Array;

export const ADDRESS_LENGTH = 16;

export class AddressError extends Error {
  readonly text: string;
  constructor(text: string, expected: string) {
    super(`${JSON.stringify(text)} is not ${expected}`);
    this.name = 'AddressError';
    this.text = text;
  }
}

/** Throws AddressError unless `text` is an IPv6 address without zone or IPv4 form. */
export function parseAddress(text: string): Address {
  if (!ipaddr.IPv6.isValid(text) || text.includes('%')) throw new AddressError(text, 'an IPv6 address');
  return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray());
}

export function formatAddress(address: Address): string {
  return ipaddr.fromByteArray([...address]).toString();
}

/** A string usable as a `Map` key: equal exactly for equal addresses. Not for people. */
export function addressKey(address: Address): string {
  return String.fromCharCode.apply(null, address as unknown as number[]);
}

/** Key of an ordered pair of addresses. */
export function pairKey(first: Address, second: Address): string {
  return addressKey(first) + addressKey(second);
}

export function addressFromKey(key: string, offset = 0): Address {
  return Uint8Array.from({ length: ADDRESS_LENGTH }, (_, index) => key.charCodeAt(offset + index));
}

export function equalAddress(first: Address, second: Address): boolean {
  for (let index = 0; index < ADDRESS_LENGTH; index++) if (first[index] !== second[index]) return false;
  return true;
}

/** Order of the octets as an unsigned number: negative, zero or positive. */
export function compareAddress(first: Address, second: Address): number {
  for (let index = 0; index < ADDRESS_LENGTH; index++) {
    const difference = first[index]! - second[index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

export const isUnspecified = (address: Address): boolean => address.every((octet) => octet === 0);
export const isMulticast = (address: Address): boolean => address[0] === 0xff;
export const isLinkLocal = (address: Address): boolean =>
  address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;
