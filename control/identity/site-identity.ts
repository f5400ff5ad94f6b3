/** The site's key pair, the CGA Parameters bound to each host, and the two caches that spare public-key operations. */
import type { KeyObject } from 'node:crypto';
import { findMultiPrefix } from '../wire/cga/multi-prefix.ts';
import { decodeCgaParameters, PUBLIC_KEY_OFFSET } from '../wire/cga/parameters.ts';
import { type Address, addressKey, formatAddress } from '../wire/ipv6/address.ts';
import { equalOctets } from '../wire/octets.ts';
import { type CgaVerification, verifyCga } from './cga.ts';
import { claimKey, provesUlid, verifyClaim } from './claim.ts';
import { verifyHba } from './hba.ts';
import type {
  ClaimVerification,
  IdentityProvider,
  LocatorClaim,
  LocatorMethod,
} from './identity-provider.ts';
import { KEY_TYPES, type KeyType } from './key-type.ts';
import { signedOctets } from './signature.ts';
import { type SigningKey, SiteKeyError, signingKey } from './signing-key.ts';

export class UnknownUlidError extends Error {
  readonly ulid: Address;
  constructor(ulid: Address) {
    super(`${formatAddress(ulid)} is not a host of this site`);
    this.name = 'UnknownUlidError';
    this.ulid = ulid;
  }
}

/** A locator of an HBA-only ULID is not in its set: without a key nothing else can prove it. */
export class KeylessUlidError extends Error {
  readonly ulid: Address;
  constructor(ulid: Address) {
    super(`${formatAddress(ulid)} is an HBA without a key: only addresses of its set can be its locators`);
    this.name = 'KeylessUlidError';
    this.ulid = ulid;
  }
}

/** The CGA Parameters do not prove the ULID, or name another key than the site's. */
export class BindingError extends Error {
  readonly ulid: Address;
  readonly reason: CgaVerification | 'other-key';
  constructor(ulid: Address, reason: CgaVerification | 'other-key') {
    const cause = typeof reason === 'string' ? 'of another key' : `refused: ${JSON.stringify(reason)}`;
    super(`the CGA parameters for ${formatAddress(ulid)} are ${cause}`);
    this.name = 'BindingError';
    this.ulid = ulid;
    this.reason = reason;
  }
}

interface Binding {
  readonly parameters: Uint8Array;
  /** False for an HBA-only ULID: there is a nonce in the place of the key. */
  readonly hasKey: boolean;
  /** The last signature and what it covers: a host has one current locator list. */
  signed: Uint8Array | undefined;
  signature: Uint8Array | undefined;
}

export interface SiteIdentityOptions {
  /** Only a site whose ULIDs are all HBAs without a key can do without. */
  readonly privateKey?: KeyObject;
  /** The types of keys whose signatures are accepted from peers; all when absent. */
  readonly keyTypes?: readonly KeyType[];
  /** Verified claims remembered; the least recently used goes first. */
  readonly verifications?: number;
}

export class SiteIdentity implements IdentityProvider {
  readonly #key: SigningKey | undefined;
  readonly #keyTypes: readonly KeyType[];
  readonly #bindings = new Map<string, Binding>();
  readonly #verified = new Set<string>();
  readonly #verifications: number;

  /** Throws SiteKeyError. */
  constructor({ privateKey, keyTypes = KEY_TYPES, verifications = 65_536 }: SiteIdentityOptions) {
    this.#key = privateKey && signingKey(privateKey);
    this.#keyTypes = keyTypes;
    this.#verifications = verifications;
  }

  /** DER SubjectPublicKeyInfo: the public key that the hosts' CGAs hash. Throws SiteKeyError when there is none. */
  get publicKey(): Uint8Array {
    return this.#siteKey().publicKey;
  }

  /** Makes `ulid` a host of the site. Throws BindingError; DecodeError when `parameters` are malformed. */
  bind(ulid: Address, parameters: Uint8Array): void {
    const verification = verifyCga(ulid, parameters);
    if (!verification.valid) throw new BindingError(ulid, verification);
    const hasKey = this.#isOfKeyAlone(parameters) || this.#hasKey(ulid, parameters);
    this.#bindings.set(addressKey(ulid), { parameters, hasKey, signed: undefined, signature: undefined });
  }

  /** Those of most hosts: the site's key after the fixed fields, and nothing else. */
  #isOfKeyAlone(parameters: Uint8Array): boolean {
    return (
      this.#key !== undefined && equalOctets(parameters.subarray(PUBLIC_KEY_OFFSET), this.#key.publicKey)
    );
  }

  #hasKey(ulid: Address, parameters: Uint8Array): boolean {
    const decoded = decodeCgaParameters(parameters);
    const hasKey = findMultiPrefix(decoded)?.publicKey ?? true;
    if (hasKey && !(this.#key && equalOctets(decoded.publicKey, this.#key.publicKey)))
      throw new BindingError(ulid, 'other-key');
    return hasKey;
  }

  unbind(ulid: Address): void {
    this.#bindings.delete(addressKey(ulid));
  }

  parameters(ulid: Address): Uint8Array {
    return this.#binding(ulid).parameters;
  }

  method(ulid: Address, locator: Address): LocatorMethod {
    return verifyHba(locator, this.#binding(ulid).parameters).valid ? 'HBA' : 'CGA';
  }

  sign(ulid: Address, generation: number, locators: readonly Address[]): Uint8Array {
    const binding = this.#binding(ulid);
    const octets = signedOctets(generation, locators);
    if (!binding.signature || !binding.signed || !equalOctets(octets, binding.signed)) {
      if (!binding.hasKey) throw new KeylessUlidError(ulid);
      binding.signature = this.#siteKey().sign(octets);
      binding.signed = octets;
    }
    return binding.signature;
  }

  verifyParameters(ulid: Address, parameters: Uint8Array): boolean {
    return provesUlid(ulid, parameters);
  }

  verify(claim: LocatorClaim): ClaimVerification {
    const key = claimKey(claim);
    if (this.#verified.delete(key)) {
      this.#verified.add(key);
      return { valid: true };
    }
    const result = verifyClaim(claim, this.#keyTypes);
    // Only what holds is remembered: forged claims cannot push out the real ones.
    if (result.valid) {
      this.#verified.add(key);
      if (this.#verified.size > this.#verifications)
        this.#verified.delete(this.#verified.values().next().value!);
    }
    return result;
  }

  #siteKey(): SigningKey {
    if (this.#key === undefined) throw new SiteKeyError('is missing');
    return this.#key;
  }

  #binding(ulid: Address): Binding {
    const binding = this.#bindings.get(addressKey(ulid));
    if (binding === undefined) throw new UnknownUlidError(ulid);
    return binding;
  }
}
