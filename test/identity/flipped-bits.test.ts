/** Every bit of parameters and address, flipped by itself, fails at the step that the field it is in belongs to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generateCga, verifyCga } from '../../control/identity/cga.ts';
import { generateHbaSet, type HbaStep, verifyHba } from '../../control/identity/hba.ts';
import { decodeCgaParameters } from '../../control/wire/cga/parameters.ts';
import { publicKey } from './keys.ts';

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const IGNORED = 'ignored';

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3] = copy[bit >> 3]! ^ (0x80 >> (bit & 7));
  return copy;
}

const stepOf = <S>(result: { readonly valid: boolean; readonly step?: S }): S | typeof IGNORED =>
  result.valid ? IGNORED : result.step!;

/** Octet 8 of an address of Sec 0: three bits of Sec, three of the hash, then u and g. */
const identifierBit = <S>(bit: number, sec: readonly [S, S, S], hash: S): S | typeof IGNORED => {
  if (bit < 64 + 3) return sec[bit - 64]!;
  return bit === 64 + 6 || bit === 64 + 7 ? IGNORED : hash;
};

test('of a CGA, RFC 3972 §5', () => {
  const extension = fc.tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 12 }));
  const arbitrary = fc.record({
    modifier: octets(16),
    subnetPrefix: octets(16),
    collisionCount: fc.nat(2),
    extensions: fc.array(
      extension.map(([type, data]) => ({ type, data })),
      { maxLength: 2 },
    ),
  });
  fc.assert(
    fc.property(arbitrary, (fields) => {
      const { address, parameters } = generateCga({ ...fields, publicKey, sec: 0 });
      assert.deepEqual(verifyCga(address, parameters), { valid: true });
      assert.deepEqual(decodeCgaParameters(parameters).extensions, fields.extensions);
      for (let bit = 0; bit < 8 * parameters.length; bit++) {
        const change = flipped(parameters, bit);
        const expected = bit >> 3 === 24 && change[24]! > 2 ? 1 : bit >= 128 && bit < 192 ? 2 : 4;
        assert.equal(stepOf(verifyCga(address, change)), expected, `parameters, bit ${bit}`);
      }
      for (let bit = 0; bit < 128; bit++) {
        const expected = bit < 64 ? 2 : identifierBit(bit, [7, 7, 7], 4);
        assert.equal(stepOf(verifyCga(flipped(address, bit), parameters)), expected, `address, bit ${bit}`);
      }
    }),
    { numRuns: 20 },
  );
});

test('of an HBA, RFC 5535 §7.2', () => {
  const arbitrary = fc.record({
    modifier: octets(16),
    prefixes: fc.uniqueArray(octets(16), {
      minLength: 1,
      maxLength: 4,
      selector: (prefix) => prefix.subarray(0, 8).join(),
    }),
    binding: fc.oneof(
      fc.constant({ publicKey }),
      octets(48).map((extendedModifier) => ({ extendedModifier })),
    ),
    member: fc.nat(),
    owner: fc.nat(),
  });
  fc.assert(
    fc.property(arbitrary, ({ modifier, prefixes, binding, member, owner }) => {
      const set = generateHbaSet({ binding, prefixes, sec: 0, modifier });
      const position = member % set.length;
      const { address } = set[position]!;
      const { parameters } = set[owner % set.length]!;
      assert.deepEqual(verifyHba(address, parameters), { valid: true });
      const keyEnd = 25 + decodeCgaParameters(parameters).publicKey.length;
      const own = keyEnd + 8 + 8 * position;
      const prefixed = (bytes: Uint8Array) =>
        prefixes.some((prefix) => Buffer.compare(prefix.subarray(0, 8), bytes.subarray(0, 8)) === 0);

      const expectedOf = (bit: number, change: Uint8Array): readonly (HbaStep | typeof IGNORED)[] => {
        const octet = bit >> 3;
        if (octet >= 16 && octet < 24) return [IGNORED]; // Step 1 replaces it.
        if (octet === 24 && change[24]! > 2) return [2.1];
        if (octet === 25) return ['format']; // Not a sequence any more.
        // A DER length that is wrong moves the extensions: what comes of it is open, but for success.
        if (octet > 25 && octet < 29) return ['format', 'extension', 2.4];
        if (octet === keyEnd || octet === keyEnd + 1) return ['extension'];
        // A shorter length may leave prefixes that read as another extension.
        if (octet === keyEnd + 2 || octet === keyEnd + 3) return ['format', 1, 2.4];
        return octet >= own && octet < own + 8 ? [1] : [2.4];
      };
      for (let bit = 0; bit < 8 * parameters.length; bit++) {
        const change = flipped(parameters, bit);
        const step = stepOf(verifyHba(address, change));
        assert.ok(expectedOf(bit, change).includes(step), `parameters, bit ${bit}: ${step}`);
      }
      for (let bit = 0; bit < 128; bit++) {
        const change = flipped(address, bit);
        const expected = bit < 64 ? (prefixed(change) ? 2.4 : 1) : identifierBit(bit, [2.5, 2.7, 2.7], 2.4);
        assert.equal(stepOf(verifyHba(change, parameters)), expected, `address, bit ${bit}`);
      }
    }),
    { numRuns: 20 },
  );
});

test('any address and any octets get an answer from both verifications', () => {
  fc.assert(
    fc.property(octets(16), fc.uint8Array({ maxLength: 120 }), (address, parameters) => {
      assert.equal(verifyCga(address, parameters).valid, false);
      assert.equal(verifyHba(address, parameters).valid, false);
    }),
  );
});
