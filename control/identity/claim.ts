/** Proving a peer's locators, each by its own method: RFC 5533 §7.2, RFC 5535 §7.2, RFC 3972 §6. */
import { createHash } from 'node:crypto';
import { decodeCgaParameters } from '../wire/cga/parameters.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { VerificationMethod } from '../wire/shim6/options.ts';
import { verifyCga } from './cga.ts';
import { readMultiPrefix, verifyHba } from './hba.ts';
import type { ClaimFailure, ClaimVerification, LocatorClaim } from './identity-provider.ts';
import type { KeyType } from './key-type.ts';
import { signedOctets, verifyLocators } from './signature.ts';

const invalid = (reason: ClaimFailure, locator = 0): ClaimVerification => ({ valid: false, reason, locator });

/** True when `parameters` are those of `ulid` (RFC 5535 §7.1) or of another member of its HBA set (§7.2). */
export const provesUlid = (ulid: Address, parameters: Uint8Array): boolean =>
  verifyCga(ulid, parameters).valid || verifyHba(ulid, parameters).valid;

/** Cheapest first: what a hash can refuse costs no public-key operation. */
export function verifyClaim(claim: LocatorClaim, keyTypes: readonly KeyType[]): ClaimVerification {
  const { ulid, parameters, generation, locators, signature } = claim;
  if (!provesUlid(ulid, parameters)) return invalid('cga');
  const set = readMultiPrefix(parameters);
  if (set === 'format') return invalid('cga');
  const signed: Address[] = [];
  let firstSigned = 0;
  for (const [index, locator] of locators.entries()) {
    const method = methodOf(claim, index);
    if (method === VerificationMethod.CGA) {
      // HBA-only parameters have a random nonce where the key would be.
      if (set?.publicKey === false) return invalid('method', index);
      if (signed.length === 0) firstSigned = index;
      signed.push(locator);
    } else if (method === VerificationMethod.HBA && set !== undefined) {
      if (!verifyHba(locator, parameters).valid) return invalid('hba', index);
    } else {
      return invalid('method', index);
    }
  }
  if (signed.length === 0) return { valid: true };
  // A signature counts for the CGA whose own parameters these are: RFC 3972 §6 starts with §5.
  if (!verifyCga(ulid, parameters).valid) return invalid('cga', firstSigned);
  if (signature === undefined) return invalid('signature', firstSigned);
  const { publicKey } = decodeCgaParameters(parameters);
  const result = verifyLocators(publicKey, generation, signed, signature, keyTypes);
  if (result === 'valid') return { valid: true };
  return invalid(result === 'invalid' ? 'signature' : result, firstSigned);
}

const methodOf = ({ methods }: LocatorClaim, index: number): number | undefined =>
  methods === undefined ? VerificationMethod.CGA : methods[index];

/** Distinguishes claims by everything that verification reads; lengths keep the fields apart. */
export function claimKey(claim: LocatorClaim): string {
  const { ulid, parameters, generation, locators, signature } = claim;
  const digest = createHash('sha256');
  digest.update(ulid).update(Uint32Array.of(parameters.length, locators.length)).update(parameters);
  digest.update(Uint8Array.from(locators, (_, index) => methodOf(claim, index) ?? 0));
  digest.update(signedOctets(generation, locators));
  if (signature !== undefined) digest.update(signature);
  return digest.digest('base64url');
}
