/** DER SubjectPublicKeyInfo of the curve keys: RFC 5480 §2 (P-256, uncompressed) and RFC 8410 §4 (Ed25519). */
import { equalOctets } from '../wire/octets.ts';

export type CurveType = 'p256' | 'ed25519';

interface Form {
  /** Everything before the key. DER has one encoding of each value, so this prefix is the algorithm. */
  readonly header: Uint8Array;
  readonly keyLength: number;
}

const FORMS: { readonly [T in CurveType]: Form } = {
  // SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING }; the key begins with 4: uncompressed.
  p256: {
    header: Uint8Array.from([
      0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
      0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]),
    keyLength: 65,
  },
  // SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING }
  ed25519: {
    header: Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]),
    keyLength: 32,
  },
};

export function encodeCurveKey(type: CurveType, key: Uint8Array): Uint8Array {
  return Uint8Array.from([...FORMS[type].header, ...key]);
}

/** The curve and the octets of its key, or undefined when `info` is of another algorithm or form. */
export function decodeCurveKey(info: Uint8Array): { type: CurveType; key: Uint8Array } | undefined {
  for (const type of ['p256', 'ed25519'] as const) {
    const { header, keyLength } = FORMS[type];
    if (info.length !== header.length + keyLength) continue;
    if (equalOctets(info.subarray(0, header.length), header)) return { type, key: info.slice(header.length) };
  }
  return undefined;
}
