import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeExtendedModifier } from '../../../control/wire/cga/extended-modifier.ts';
import { hex } from '../shim6/hex.ts';

const nonce = (first: number) => Uint8Array.from({ length: 48 }, (_, index) => (first + index) & 0xff);

test('a SubjectPublicKeyInfo with algorithm rsaEncryption and the nonce for modulus', () => {
  const expected = `304b 300d 0609 2a864886f70d010101 0500 033a 00 3037 0230 ${Buffer.from(nonce(1)).toString('hex')} 0203 010001`;
  assert.deepEqual(encodeExtendedModifier(nonce(1)), hex(expected));
  const negative = `304c 300d 0609 2a864886f70d010101 0500 033b 00 3038 0231 00 ${Buffer.from(nonce(0x80)).toString('hex')} 0203 010001`;
  assert.deepEqual(encodeExtendedModifier(nonce(0x80)), hex(negative));
});

test('an independent reader of DER finds the nonce again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), fc.nat(3), (octets, zeros) => {
      octets.fill(0, 0, zeros);
      // An even modulus is no RSA modulus, and OpenSSL may say so.
      octets[47] = octets[47]! | 1;
      const der = Buffer.from(encodeExtendedModifier(octets));
      const { n } = createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ format: 'jwk' });
      const found = Buffer.from(n!, 'base64url').toString('hex').padStart(96, '0');
      assert.equal(found, Buffer.from(octets).toString('hex'));
    }),
  );
});

test('zero is a nonce, other lengths are not', () => {
  assert.deepEqual(encodeExtendedModifier(new Uint8Array(48)).slice(-8), hex('0201 00 0203 010001'));
  for (const length of [0, 47, 49]) {
    assert.throws(() => encodeExtendedModifier(new Uint8Array(length)), {
      name: 'EncodeError',
      code: 'value',
    });
  }
});
