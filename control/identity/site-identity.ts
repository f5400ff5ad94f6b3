/** The site's key pair, the CGA Parameters bound to each host, and the two caches that spare public-key operations. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeCgaParameters } from '../wire/cga/parameters.ts';
import { type Address, addressKey, formatAddress } from '../wire/ipv6/address.ts';
import { DecodeError, equalOctets } from '../wire/octets.ts';
import { type CgaVerification, verifyCga } from './cga.ts';
import type { ClaimVerification, IdentityProvider, LocatorClaim } from './identity-provider.ts';
import { MINIMUM_RSA_BITS, signedOctets, signLocators, verifyLocators } from './signature.ts';

export class UnknownUlidError extends Error {
  readonly ulid: Address;
  constructor(ulid: Address) {
    super(`${formatAddress(ulid)} is not bound to this site's key`);
    this.name = 'UnknownUlidError';
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

/** The key cannot sign for SHIM6: RFC 5533 §16 asks for RSA of 1024 bits at least. */
export class SiteKeyError extends Error {
  constructor(detail: string) {
    super(`the site key ${detail}, RSA of at least ${MINIMUM_RSA_BITS} bits is needed (RFC 5533 §16)`);
    this.name = 'SiteKeyError';
  }
}

interface Binding {
  readonly parameters: Uint8Array;
  /** The last signature and what it covers: a host has one current locator list. */
  signed: Uint8Array | undefined;
  signature: Uint8Array | undefined;
}

export interface SiteIdentityOptions {
  readonly privateKey: KeyObject;
  /** Verified claims remembered; the least recently used goes first. */
  readonly verifications?: number;
}

export class SiteIdentity implements IdentityProvider {
  /** DER SubjectPublicKeyInfo: the public key that the hosts' CGAs hash. */
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;
  readonly #bindings = new Map<string, Binding>();
  readonly #verified = new Set<string>();
  readonly #verifications: number;

  /** Throws SiteKeyError. */
  constructor({ privateKey, verifications = 65_536 }: SiteIdentityOptions) {
    const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
    if (privateKey.asymmetricKeyType !== 'rsa')
      throw new SiteKeyError(`is of type ${privateKey.asymmetricKeyType}`);
    if (bits < MINIMUM_RSA_BITS) throw new SiteKeyError(`has ${bits} bits`);
    this.#privateKey = privateKey;
    this.publicKey = Uint8Array.from(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
    this.#verifications = verifications;
  }

  /** Makes `ulid` a host of the site. Throws BindingError; DecodeError when `parameters` are malformed. */
  bind(ulid: Address, parameters: Uint8Array): void {
    const verification = verifyCga(ulid, parameters);
    if (!verification.valid) throw new BindingError(ulid, verification);
    if (!equalOctets(decodeCgaParameters(parameters).publicKey, this.publicKey)) {
      throw new BindingError(ulid, 'other-key');
    }
    this.#bindings.set(addressKey(ulid), { parameters, signed: undefined, signature: undefined });
  }

  unbind(ulid: Address): void {
    this.#bindings.delete(addressKey(ulid));
  }

  parameters(ulid: Address): Uint8Array {
    return this.#binding(ulid).parameters;
  }

  sign(ulid: Address, generation: number, locators: readonly Address[]): Uint8Array {
    const binding = this.#binding(ulid);
    const octets = signedOctets(generation, locators);
    if (!binding.signature || !binding.signed || !equalOctets(octets, binding.signed)) {
      binding.signature = signLocators(this.#privateKey, generation, locators);
      binding.signed = octets;
    }
    return binding.signature;
  }

  verifyParameters(ulid: Address, parameters: Uint8Array): boolean {
    return verifyCga(ulid, parameters).valid;
  }

  verify(claim: LocatorClaim): ClaimVerification {
    const key = claimKey(claim);
    if (this.#verified.delete(key)) {
      this.#verified.add(key);
      return { valid: true };
    }
    const result = verifyClaim(claim);
    // Only what holds is remembered: forged claims cannot push out the real ones.
    if (result.valid) {
      this.#verified.add(key);
      if (this.#verified.size > this.#verifications)
        this.#verified.delete(this.#verified.values().next().value!);
    }
    return result;
  }

  #binding(ulid: Address): Binding {
    const binding = this.#bindings.get(addressKey(ulid));
    if (binding === undefined) throw new UnknownUlidError(ulid);
    return binding;
  }
}

/** Distinguishes claims by everything that verification reads; lengths keep the fields apart. */
function claimKey(claim: LocatorClaim): string {
  const digest = createHash('sha256');
  const lengths = Uint32Array.of(claim.parameters.length, claim.locators.length);
  digest.update(claim.ulid).update(lengths).update(claim.parameters);
  digest.update(signedOctets(claim.generation, claim.locators)).update(claim.signature);
  return digest.digest('base64url');
}

function verifyClaim({ ulid, parameters, generation, locators, signature }: LocatorClaim): ClaimVerification {
  if (!verifyCga(ulid, parameters).valid) return { valid: false, reason: 'cga' };
  const publicKey = publicKeyOf(parameters);
  if (publicKey === undefined) return { valid: false, reason: 'cga' };
  const result = verifyLocators(publicKey, generation, locators, signature);
  if (result === 'valid') return { valid: true };
  return { valid: false, reason: result === 'invalid' ? 'signature' : result };
}

function publicKeyOf(parameters: Uint8Array): Uint8Array | undefined {
  try {
    return decodeCgaParameters(parameters).publicKey;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
