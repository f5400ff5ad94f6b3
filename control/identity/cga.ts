/** Cryptographically Generated Addresses: generation (RFC 3972 §4) and verification (RFC 3972 §5). */
import { hash } from 'node:crypto';
import {
  type CgaExtension,
  encodeCgaParameters,
  MODIFIER_LENGTH,
  PUBLIC_KEY_OFFSET,
  SUBNET_PREFIX_LENGTH,
} from '../wire/cga/parameters.ts';
import { ADDRESS_LENGTH, type Address } from '../wire/ipv6/address.ts';

/** Sec 3 and above take more work than any deployed machine has (2^48 hashes and more). */
export type SecurityParameter = 0 | 1 | 2;

export interface CgaRequest {
  /** DER SubjectPublicKeyInfo of the owner. */
  readonly publicKey: Uint8Array;
  /** Its first 64 bits count. */
  readonly subnetPrefix: Address;
  readonly sec: SecurityParameter;
  /** Where the search starts: 16 random octets, or a modifier found earlier for the same key and Sec. */
  readonly modifier: Uint8Array;
  /** How often an address from the same inputs was found in use already: 0, 1 or 2. */
  readonly collisionCount?: number;
  readonly extensions?: readonly CgaExtension[];
}

export interface GeneratedCga {
  readonly address: Address;
  /** The encoded CGA Parameters data structure. */
  readonly parameters: Uint8Array;
}

const INTERFACE_IDENTIFIER = ADDRESS_LENGTH - 8;
/** The first octet of an interface identifier holds Sec (3 bits) and the "u" and "g" bits. */
const SEC_AND_UG_MASK = 0b1110_0011;
const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');

/**
 * Runs RFC 3972 §4 and returns the address with its CGA Parameters. The search for the modifier takes about
 * 2^(16*sec) hashes in this call: for Sec 2 find the modifier beforehand, in slices, with `findModifier`.
 * Throws EncodeError when modifier or collision count are out of range.
 */
export function generateCga(request: CgaRequest): GeneratedCga {
  const encoded = encode(request);
  searchModifier(encoded, request.sec, Number.POSITIVE_INFINITY);
  const address = new Uint8Array(ADDRESS_LENGTH);
  address.set(request.subnetPrefix.subarray(0, SUBNET_PREFIX_LENGTH));
  address.set(sha1(encoded).subarray(0, 8), INTERFACE_IDENTIFIER);
  address[INTERFACE_IDENTIFIER] = (address[INTERFACE_IDENTIFIER]! & ~SEC_AND_UG_MASK) | (request.sec << 5);
  return { address, parameters: encoded };
}

/**
 * Steps 1 to 3 of RFC 3972 §4, at most `attempts` hashes of them. Hash2 leaves the prefix out, so a modifier
 * serves every prefix. `next` is where to go on when none was found.
 */
export function findModifier(
  request: Omit<CgaRequest, 'subnetPrefix' | 'collisionCount'>,
  attempts: number,
): { readonly found: Uint8Array } | { readonly next: Uint8Array } {
  const encoded = encode({ ...request, subnetPrefix: new Uint8Array(ADDRESS_LENGTH) });
  const found = searchModifier(encoded, request.sec, attempts);
  const modifier = encoded.slice(0, MODIFIER_LENGTH);
  return found ? { found: modifier } : { next: modifier };
}

function encode(request: CgaRequest): Uint8Array {
  return encodeCgaParameters({
    modifier: request.modifier,
    subnetPrefix: request.subnetPrefix.subarray(0, SUBNET_PREFIX_LENGTH),
    collisionCount: request.collisionCount ?? 0,
    publicKey: request.publicKey,
    extensions: request.extensions ?? [],
  });
}

/** Leaves in `encoded` the modifier that was found, or the next to try. */
function searchModifier(encoded: Uint8Array, sec: number, attempts: number): boolean {
  if (sec === 0) return true;
  const modifier = encoded.subarray(0, MODIFIER_LENGTH);
  const input = encoded.slice().fill(0, MODIFIER_LENGTH, PUBLIC_KEY_OFFSET);
  for (let attempt = 0; attempt < attempts; attempt++) {
    input.set(modifier);
    if (leadingZeroOctets(sha1(input), 2 * sec)) return true;
    increment(modifier);
  }
  return false;
}

function increment(number: Uint8Array): void {
  for (let index = number.length - 1; index >= 0; index--) {
    const octet = (number[index]! + 1) & 0xff;
    number[index] = octet;
    if (octet !== 0) return;
  }
}

/** Sec of an address, 0 to 7: the three leftmost bits of its interface identifier. */
export const securityParameter = (address: Address): number => address[INTERFACE_IDENTIFIER]! >> 5;

function leadingZeroOctets(digest: Uint8Array, count: number): boolean {
  for (let index = 0; index < count; index++) if (digest[index] !== 0) return false;
  return true;
}

/** The step of RFC 3972 §5 that failed; `format` when there are fewer octets than the fixed fields take. */
export type CgaVerification =
  | { readonly valid: true }
  | { readonly valid: false; readonly step: 'format' | 1 | 2 | 4 | 7 };

const invalid = (step: 'format' | 1 | 2 | 4 | 7): CgaVerification => ({ valid: false, step });

/** RFC 3972 §5 over the encoded CGA Parameters: at most two hashes, for every Sec from 0 to 7. */
export function verifyCga(address: Address, parameters: Uint8Array): CgaVerification {
  if (parameters.length < PUBLIC_KEY_OFFSET) return invalid('format');
  if (parameters[PUBLIC_KEY_OFFSET - 1]! > 2) return invalid(1);
  for (let index = 0; index < SUBNET_PREFIX_LENGTH; index++) {
    if (parameters[MODIFIER_LENGTH + index] !== address[index]) return invalid(2);
  }
  const hash1 = sha1(parameters);
  const first = address[INTERFACE_IDENTIFIER]!;
  if (((hash1[0]! ^ first) & ~SEC_AND_UG_MASK) !== 0) return invalid(4);
  for (let index = 1; index < 8; index++) {
    if (hash1[index] !== address[INTERFACE_IDENTIFIER + index]) return invalid(4);
  }
  const sec = securityParameter(address);
  if (sec > 0) {
    const hash2 = sha1(parameters.slice().fill(0, MODIFIER_LENGTH, PUBLIC_KEY_OFFSET));
    if (!leadingZeroOctets(hash2, 2 * sec)) return invalid(7);
  }
  return { valid: true };
}
