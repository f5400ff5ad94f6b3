/** RFC 5535, Hash-Based Addresses. */
import { at, must, type Specification, tested } from './requirement.ts';

const nonce = at(
  'wire/cga/extended-modifier',
  'a SubjectPublicKeyInfo with algorithm rsaEncryption and the nonce for modulus',
);
const readByOthers = at('wire/cga/extended-modifier', 'an independent reader of DER finds the nonce again');

export const rfc5535: Specification = {
  name: 'RFC 5535',
  keywords: { '5': 1, '6': 4 },
  requirements: [
    must(
      '5',
      'The reserved bits of the Multi-Prefix extension are zero.',
      tested(at('wire/cga/multi-prefix', 'type, P flag, reserved bits and prefixes, in order')),
    ),
    must(
      '5',
      'A receiver ignores the reserved bits of the Multi-Prefix extension.',
      tested(at('wire/cga/multi-prefix', 'reserved bits are ignored on receipt')),
    ),
    must(
      '6',
      'The random nonce of an HBA without a key is encoded as the public key of a CGA is.',
      tested(nonce, at('identity/hba', 'an HBA-only set has the random nonce for its key and P reset')),
    ),
    must('6', 'The random nonce is a DER-encoded SubjectPublicKeyInfo.', tested(nonce, readByOthers)),
    must('6', 'Its algorithm identifier is rsaEncryption.', tested(nonce, readByOthers)),
    must('6', 'The nonce stands in an RSAPublicKey.', tested(nonce, readByOthers)),
  ],
};
