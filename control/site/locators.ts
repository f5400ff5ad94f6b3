/** Which address a host has in a provider's prefix, and whose a locator is. */
import type { Config } from '../config/schema.ts';
import type { LocatorRecord } from '../store/records.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { combine, containsAddress, type Prefix } from '../wire/ipv6/prefix.ts';
import { type HostIdentity, hbaSet } from './hosts.ts';

/**
 * - `same-interface-identifier`: the provider's prefix, then subnet and interface identifier of the CMULA.
 * - `hba`: the member of the host's HBA set; for a provider that is not in the set, as the one before.
 * - `checksum-neutral`: as the first, but the last 16 bits make its sum that of the CMULA: translating one into the
 *   other changes no checksum (RFC 6296 §2).
 */
export type LocatorRule = Config['site']['locators'];

/** The same for the same arguments. */
export function locatorFor(
  rule: LocatorRule,
  host: Pick<HostIdentity, 'ulid' | 'parts'>,
  provider: Prefix,
  publicKey: Uint8Array,
): Address {
  const plain = combine(provider, host.ulid);
  if (rule === 'checksum-neutral') return checksumNeutral(plain, host.ulid);
  const { hba } = host.parts;
  if (hba === undefined) return plain;
  const subnet = { address: combine(provider, host.parts.subnet.address), length: 64 };
  return (
    hbaSet(host.parts, hba, publicKey).find(({ address }) => containsAddress(subnet, address))?.address ??
    plain
  );
}

const LAST_WORD = 14;

/** One's complement sum of the address's 16-bit words. */
export function addressSum(address: Address): number {
  let sum = 0;
  for (let index = 0; index < address.length; index += 2) sum += (address[index]! << 8) | address[index + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** `address` with another last word, so that its sum is that of `model`. */
function checksumNeutral(address: Address, model: Address): Address {
  const result = new Uint8Array(address);
  result[LAST_WORD] = result[LAST_WORD + 1] = 0;
  // Subtracting is adding the complement. Of the two zeros of that arithmetic take 0 (RFC 6296 §3.6).
  const sum = addressSum(model) + (~addressSum(result) & 0xffff);
  const word = ((sum & 0xffff) + (sum >>> 16)) % 0xffff;
  result[LAST_WORD] = word >> 8;
  result[LAST_WORD + 1] = word & 0xff;
  return result;
}

const NONE: readonly LocatorRecord[] = [];

/** Locators assigned, for good: by host and provider, and by address. */
export class LocatorTable {
  /** A record for each provider: they are few. */
  readonly #byHost = new Map<string, readonly LocatorRecord[]>();
  readonly #byAddress = new Map<string, LocatorRecord>();

  add(record: LocatorRecord): void {
    const key = addressKey(record.ulid);
    const known = this.#byHost.get(key) ?? NONE;
    const before = known.find(({ provider }) => provider === record.provider);
    if (before !== undefined) this.#byAddress.delete(addressKey(before.address));
    const others = before === undefined ? known : known.filter((own) => own !== before);
    this.#byHost.set(key, [...others, record]);
    this.#byAddress.set(addressKey(record.address), record);
  }

  /** All of a host's, or the one in a provider's prefix. Returns what there was. */
  remove(ulid: Address, provider?: string): readonly LocatorRecord[] {
    const key = addressKey(ulid);
    const own = this.#byHost.get(key) ?? NONE;
    const removed = own.filter((record) => provider === undefined || record.provider === provider);
    for (const { address } of removed) this.#byAddress.delete(addressKey(address));
    if (removed.length === own.length) this.#byHost.delete(key);
    else
      this.#byHost.set(
        key,
        own.filter((record) => !removed.includes(record)),
      );
    return removed;
  }

  find(ulid: Address, provider: string): Address | undefined {
    for (const record of this.#byHost.get(addressKey(ulid)) ?? NONE)
      if (record.provider === provider) return record.address;
    return undefined;
  }

  /** Whose locator an address is. */
  owner(address: Address): LocatorRecord | undefined {
    return this.#byAddress.get(addressKey(address));
  }

  /** Of every host that has one with this provider. */
  *ofProvider(provider: string): Generator<LocatorRecord> {
    for (const record of this.#byAddress.values()) if (record.provider === provider) yield record;
  }
}
