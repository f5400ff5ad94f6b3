/** Which addresses of an answer are worth using as locators or ULIDs. */
import { dataOf, type RecordPlace } from '../wire/dns/record.ts';
import {
  ADDRESS_LENGTH,
  type Address,
  addressKey,
  equalAddress,
  isLinkLocal,
  isMulticast,
} from '../wire/ipv6/address.ts';
import { containsAddress, type Prefix, parsePrefix } from '../wire/ipv6/prefix.ts';

const NOT_LOCATORS: readonly Prefix[] = [
  '::/8', // unspecified, loopback, IPv4-mapped (RFC 4291 §2.5)
  'fc00::/7', // not routed between sites (RFC 4193): ULIDs live here, locators cannot
].map(parsePrefix);

/** True for addresses that another site can send to. */
export function isLocator(address: Address): boolean {
  return (
    !isMulticast(address) &&
    !isLinkLocal(address) &&
    !NOT_LOCATORS.some((prefix) => containsAddress(prefix, address))
  );
}

/** The distinct addresses in records of 16 octets RDATA that `accept` lets through, at most `limit`. */
export function addressesIn(
  message: Uint8Array,
  records: readonly RecordPlace[],
  limit: number,
  accept: (address: Address) => boolean,
): Address[] {
  const found = new Map<string, Address>();
  for (const record of records) {
    if (found.size === limit) break;
    if (record.dataLength !== ADDRESS_LENGTH) continue;
    const address = new Uint8Array(dataOf(message, record));
    if (accept(address)) found.set(addressKey(address), address);
  }
  return [...found.values()];
}

/**
 * Of a name with several ULIDs, which are several hosts', the locators of one: those with its interface identifier,
 * which a CGA keeps in every prefix, and not those with another one's. Where that tells nothing, all.
 */
export function locatorsFor(
  ulid: Address,
  ulids: readonly Address[],
  locators: readonly Address[],
): readonly Address[] {
  if (ulids.length === 1) return locators;
  const others = ulids.filter((other) => !equalAddress(other, ulid));
  const own = locators.filter((locator) => sameInterface(locator, ulid));
  const rest = locators.filter(
    (locator) => !sameInterface(locator, ulid) && !others.some((other) => sameInterface(locator, other)),
  );
  return own.length + rest.length > 0 ? [...own, ...rest] : locators;
}

const sameInterface = (first: Address, second: Address): boolean =>
  first.subarray(8).every((octet, index) => octet === second[8 + index]);
