/** A host of the site, and how its CMULA and CGA parameters follow from what is kept of it. */
import type { Config, HostConfig } from '../config/schema.ts';
import { findModifier, type GeneratedCga, generateCga } from '../identity/cga.ts';
import { generateHbaSet, hbaFields } from '../identity/hba.ts';
import type { AddressParts, HbaParts } from '../store/records.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { containsAddress } from '../wire/ipv6/prefix.ts';
import { Writer } from '../wire/octets.ts';
import { locatorFor } from './locators.ts';

export interface HostLocator {
  /** Name of the provider that delegated it. */
  readonly provider: string;
  readonly address: Address;
}

/** A host whose address is known; immutable. */
export interface HostIdentity {
  /** Fully qualified; undefined for a client that gave none. */
  readonly name: string | undefined;
  readonly ulid: Address;
  /** CGA Parameters data structure (RFC 3972 §3). */
  readonly parameters: Uint8Array;
  readonly parts: AddressParts;
  /** Of a host in the configuration: the client that gets its address by DHCPv6. */
  readonly client?: { readonly duid?: Uint8Array; readonly remoteId?: Uint8Array };
}

/** A host that is served now. Replaced as a whole when anything of it changes. */
export interface SiteHost extends HostIdentity {
  /** One for each provider that is in use. */
  readonly locators: readonly HostLocator[];
  /** `configuration`: in the file. `reservation`: one for no client. `lease`: an address handed out to a client. */
  readonly origin: 'configuration' | 'reservation' | 'lease';
}

/** The modifier of a host was found for another Sec, key or prefix set: with this one its CMULA would be another. */
export class ModifierError extends Error {
  constructor(key: string, name: string, sec: number, command: string) {
    super(`${key}: not of sec ${sec} for ${name} with this key; pshim6 ${command} makes one that is`);
    this.name = 'ModifierError';
  }
}

/** Addresses of a set in the order of its prefixes (RFC 5535 §6). */
export const hbaSet = (parts: AddressParts, hba: HbaParts, publicKey: Uint8Array): readonly GeneratedCga[] =>
  generateHbaSet({
    binding: hbaBinding(hba, publicKey),
    prefixes: hba.prefixes.map(({ address }) => address),
    sec: parts.sec,
    modifier: parts.modifier,
    collisionCount: parts.collisionCount,
  });

const hbaBinding = ({ extendedModifier }: HbaParts, publicKey: Uint8Array) =>
  extendedModifier === undefined ? { publicKey } : { extendedModifier };

/** The fields of the CGA Parameters that the modifier was mined for. */
export const minedFields = ({ hba }: Pick<AddressParts, 'hba'>, publicKey: Uint8Array) =>
  hba === undefined
    ? { publicKey, extensions: [] }
    : hbaFields({
        binding: hbaBinding(hba, publicKey),
        prefixes: hba.prefixes.map(({ address }) => address),
      });

/** One hash: whether the modifier gives the address its Sec, with this key and set. */
export const isMined = (parts: AddressParts, publicKey: Uint8Array): boolean =>
  'found' in findModifier({ ...minedFields(parts, publicKey), sec: parts.sec, modifier: parts.modifier }, 1);

/** The address that `parts` give; call only with a modifier that is mined, or it takes 2^(16*sec) hashes. */
export function addressOf(parts: AddressParts, publicKey: Uint8Array): GeneratedCga {
  const { hba, subnet } = parts;
  if (hba === undefined) return generateCga({ ...parts, publicKey, subnetPrefix: subnet.address });
  // A set is refused, by the configuration as by the pool, unless the subnet is among its prefixes.
  return hbaSet(parts, hba, publicKey).find(({ address }) => containsAddress(subnet, address))!;
}

export function identityOf(
  name: string | undefined,
  parts: AddressParts,
  publicKey: Uint8Array,
): HostIdentity {
  const { address, parameters } = addressOf(parts, publicKey);
  return { name, ulid: address, parameters, parts };
}

/** What the configuration says of a host, in the store's terms. */
export function configuredParts(host: HostConfig): AddressParts {
  const { subnet, sec, hba } = host;
  return {
    subnet,
    sec,
    modifier: octets(host.modifier),
    collisionCount: host['collision-count'],
    ...(hba !== undefined && {
      hba: {
        prefixes: hba.prefixes,
        ...(hba['extended-modifier'] !== undefined && { extendedModifier: octets(hba['extended-modifier']) }),
      },
    }),
  };
}

const octets = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

/** Who the host is to the DHCPv6 server. */
function clientOf({ duid, 'remote-id': remote }: HostConfig): Pick<HostIdentity, 'client'> {
  if (duid === undefined && remote === undefined) return {};
  const remoteId = remote && new Writer(32).u32(remote.enterprise).put(remote.identifier).finish();
  return { client: { ...(duid && { duid }), ...(remoteId && { remoteId }) } };
}

/** Throws ModifierError. */
export function configuredHosts(config: Config, publicKey: Uint8Array): readonly HostIdentity[] {
  return config.hosts.map((host, index) => {
    const parts = configuredParts(host);
    if (!isMined(parts, publicKey)) {
      const command = host.hba === undefined ? 'cga' : 'hba';
      throw new ModifierError(`hosts.${index}.modifier`, host.name, host.sec, command);
    }
    return { ...identityOf(host.name, parts, publicKey), ...clientOf(host) };
  });
}

/** The hosts of the configuration with the locators that its rule gives them, by `addressKey` of the CMULA. */
export function siteHosts(config: Config, publicKey: Uint8Array): ReadonlyMap<string, SiteHost> {
  const hosts = configuredHosts(config, publicKey).map((host): SiteHost => {
    const locators = config.providers.map(({ name, prefix }) => ({
      provider: name,
      address: locatorFor(config.site.locators, host, prefix, publicKey),
    }));
    return { ...host, locators, origin: 'configuration' };
  });
  return new Map(hosts.map((host) => [addressKey(host.ulid), host]));
}
