/** Hash-Based Addresses: generation of sets (RFC 5535 §6) and verification (RFC 5535 §7.2). */
import { encodeExtendedModifier } from '../wire/cga/extended-modifier.ts';
import { encodeMultiPrefix, findMultiPrefix, type MultiPrefix } from '../wire/cga/multi-prefix.ts';
import {
  type CgaExtension,
  decodeCgaParameters,
  MODIFIER_LENGTH,
  SUBNET_PREFIX_LENGTH,
} from '../wire/cga/parameters.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { DecodeError, equalOctets } from '../wire/octets.ts';
import {
  type GeneratedCga,
  generateCga,
  type SecurityParameter,
  securityParameter,
  verifyCga,
} from './cga.ts';

/** What the addresses of a set are bound to besides their prefixes. */
export type HbaBinding =
  /** DER SubjectPublicKeyInfo: the set's addresses are CGAs of this key too. */
  | { readonly publicKey: Uint8Array }
  /** 48 random octets: the set's addresses are HBAs only, and no key exists. */
  | { readonly extendedModifier: Uint8Array };

/** The part of a request that Hash2 reads besides the modifier. */
export interface HbaSet {
  readonly binding: HbaBinding;
  /** The first 64 bits of each count; their order is part of the hash. */
  readonly prefixes: readonly Address[];
}

export interface HbaRequest extends HbaSet {
  readonly sec: SecurityParameter;
  /** Where the search starts: 16 random octets, or a modifier found earlier for the same set and Sec. */
  readonly modifier: Uint8Array;
  /** How often an address of the set was found in use already: 0, 1 or 2. */
  readonly collisionCount?: number;
}

/**
 * The fields of the CGA Parameters that make an address an HBA: what goes into the Public Key field, and the
 * Multi-Prefix extension. `findModifier` takes them to search for a set's modifier in slices. Throws EncodeError.
 */
export function hbaFields(set: HbaSet): { publicKey: Uint8Array; extensions: readonly CgaExtension[] } {
  const { binding } = set;
  const prefixes = set.prefixes.map((prefix) => prefix.slice(0, SUBNET_PREFIX_LENGTH));
  return 'publicKey' in binding
    ? { publicKey: binding.publicKey, extensions: [encodeMultiPrefix({ publicKey: true, prefixes })] }
    : {
        publicKey: encodeExtendedModifier(binding.extendedModifier),
        extensions: [encodeMultiPrefix({ publicKey: false, prefixes })],
      };
}

/**
 * Runs RFC 5535 §6 and returns one address for each prefix, in their order, each with its own CGA Parameters. The
 * search for the modifier takes about 2^(16*sec) hashes in this call. Throws EncodeError when there is no prefix or
 * one twice, or a field has not its length or range.
 */
export function generateHbaSet(request: HbaRequest): readonly GeneratedCga[] {
  const { prefixes, sec, collisionCount = 0 } = request;
  const fields = hbaFields(request);
  let modifier = request.modifier;
  return prefixes.map((subnetPrefix) => {
    const generated = generateCga({ ...fields, subnetPrefix, sec, modifier, collisionCount });
    // Hash2 leaves the prefix out: what the first address found serves all others at once.
    modifier = generated.parameters.subarray(0, MODIFIER_LENGTH);
    return generated;
  });
}

/**
 * What failed of RFC 5535 §7.2, by its number there; `format` when the parameters cannot be decoded, `extension` when
 * they have no Multi-Prefix extension. 2.5 is a Sec for which RFC 5535 defines no verification.
 */
export type HbaStep = 'format' | 'extension' | 1 | 2.1 | 2.4 | 2.5 | 2.7;
export type HbaVerification = { readonly valid: true } | { readonly valid: false; readonly step: HbaStep };

/** Step 2.2 cannot fail: step 1 has put the address's own prefix into the parameters. */
const STEPS = { format: 'format', 1: 2.1, 2: 'format', 4: 2.4, 7: 2.7 } as const;

/** RFC 5535 §7.2: whether `address` belongs to the set of `parameters`, encoded, which may be those of any member. */
export function verifyHba(address: Address, parameters: Uint8Array): HbaVerification {
  const set = readMultiPrefix(parameters);
  if (set === 'format') return { valid: false, step: 'format' };
  if (set === undefined) return { valid: false, step: 'extension' };
  const prefix = address.subarray(0, SUBNET_PREFIX_LENGTH);
  if (!set.prefixes.some((one) => equalOctets(one, prefix))) return { valid: false, step: 1 };
  const substituted = parameters.slice();
  substituted.set(prefix, MODIFIER_LENGTH);
  const result = verifyCga(address, substituted);
  if ((result.valid || result.step === 7) && securityParameter(address) > 2)
    return { valid: false, step: 2.5 };
  return result.valid ? result : { valid: false, step: STEPS[result.step] };
}

/** The Multi-Prefix extension of encoded CGA Parameters; undefined without one, `format` when undecodable. */
export function readMultiPrefix(parameters: Uint8Array): MultiPrefix | 'format' | undefined {
  try {
    return findMultiPrefix(decodeCgaParameters(parameters));
  } catch (error) {
    if (error instanceof DecodeError) return 'format';
    throw error;
  }
}
