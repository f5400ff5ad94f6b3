/** What the protocol core asks of identities: prove our locators, and check the proofs of others. */
import type { Address } from '../wire/ipv6/address.ts';

/** How a locator is proven to be its ULID's, RFC 5533 §5.15.2; by the names of `VerificationMethod`. */
export type LocatorMethod = 'HBA' | 'CGA';

export interface LocatorClaim {
  readonly ulid: Address;
  /** Encoded CGA Parameters. */
  readonly parameters: Uint8Array;
  readonly generation: number;
  /** All locators of the list, in its order. */
  readonly locators: readonly Address[];
  /** The verification method octet of each locator; all CGA when absent. */
  readonly methods?: readonly number[];
  /** Over the locators whose method is CGA; a list without such locators needs none. */
  readonly signature?: Uint8Array | undefined;
}

/**
 * Why a claim does not hold:
 * - `cga`: the parameters do not prove the ULID (RFC 3972 §5, RFC 5535 §7).
 * - `method`: a verification method that is unknown or does not go with the parameters (RFC 5533 §7.2).
 * - `hba`: a locator is not in the HBA set of the parameters (RFC 5535 §7.2).
 * - `unsupported-key`: the public key is of a kind or size that is not supported.
 * - `signature`: it is missing or does not verify.
 */
export type ClaimFailure = 'cga' | 'method' | 'hba' | 'unsupported-key' | 'signature';

export type ClaimVerification =
  | { readonly valid: true }
  /** `locator`: its index in the list, 0 when the claim fails as a whole. */
  | { readonly valid: false; readonly reason: ClaimFailure; readonly locator: number };

export interface IdentityProvider {
  /** The encoded CGA Parameters of a ULID of ours. Throws UnknownUlidError. */
  parameters(ulid: Address): Uint8Array;
  /** How a locator of a ULID of ours can be proven; absent: always CGA. Throws UnknownUlidError. */
  method?(ulid: Address, locator: Address): LocatorMethod;
  /**
   * The CGA signature for a ULID of ours over the locators whose method is CGA. Throws UnknownUlidError, and
   * KeylessUlidError when the ULID is an HBA only.
   */
  sign(ulid: Address, generation: number, locators: readonly Address[]): Uint8Array;
  /** True when `parameters` are those of `ulid`, or of another member of its HBA set. */
  verifyParameters(ulid: Address, parameters: Uint8Array): boolean;
  verify(claim: LocatorClaim): ClaimVerification;
}
