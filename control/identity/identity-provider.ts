/** What the protocol core asks of identities: prove our locators, and check the proofs of others. */
import type { Address } from '../wire/ipv6/address.ts';

export interface LocatorClaim {
  readonly ulid: Address;
  /** Encoded CGA Parameters. */
  readonly parameters: Uint8Array;
  readonly generation: number;
  /** The locators whose verification method is CGA, in the order of the list. */
  readonly locators: readonly Address[];
  readonly signature: Uint8Array;
}

/** Why a claim does not hold: the CGA step of RFC 3972 §5, the key, or the signature. */
export type ClaimVerification =
  | { readonly valid: true }
  | { readonly valid: false; readonly reason: 'cga' | 'unsupported-key' | 'signature' };

export interface IdentityProvider {
  /** The encoded CGA Parameters of a ULID of ours. Throws UnknownUlidError. */
  parameters(ulid: Address): Uint8Array;
  /** The CGA signature for a ULID of ours. Throws UnknownUlidError. */
  sign(ulid: Address, generation: number, locators: readonly Address[]): Uint8Array;
  /** True when `parameters` are those of `ulid`. */
  verifyParameters(ulid: Address, parameters: Uint8Array): boolean;
  verify(claim: LocatorClaim): ClaimVerification;
}
