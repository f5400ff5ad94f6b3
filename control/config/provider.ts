/** A provider that is not in the configuration file: told by the CLI, kept by the store, read by the same rules. */
import { formatAddress } from '../wire/ipv6/address.ts';
import { formatPrefix, type Prefix } from '../wire/ipv6/prefix.ts';
import { checkTree } from './load.ts';
import { type ProviderConfig, providerSchema } from './schema.ts';

export type { ProviderConfig };

/** `text`: JSON of an entry of `providers`. Throws ConfigError. */
export const parseProvider = (text: string): ProviderConfig =>
  checkTree(providerSchema, JSON.parse(text) as unknown, 'provider');

/** JSON that parseProvider reads as the same provider. */
export const printProvider = (provider: ProviderConfig): string => JSON.stringify(plain(provider));

/** Addresses and prefixes as the file would have them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return formatAddress(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('address' in value && 'length' in value) return formatPrefix(value as Prefix);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
