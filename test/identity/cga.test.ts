import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { findModifier, generateCga, verifyCga } from '../../control/identity/cga.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { hex } from '../wire/shim6/hex.ts';

// RFC 3972, Appendix A.
const publicKey = hex(`
  305c 300d 0609 2a86 4886 f70d 0101 0105 0003 4b00 3048 0241
  00c2 c2f1 3730 5454 f10b d9ce a368 44b5 30e9 211a 4b26 2b16
  467c b7df ba1f 595c 0194 f275 be5a 4d38 6f2c 3c23 8250 8773
  c786 7f9b 3b9e 63a0 9c7b c48f 7a54 ebef af02 0301 0001`);
const modifier = hex('89a8 a8b2 e858 d8b8 f263 3f44 d2d4 ce9a');
const subnetPrefix = parseAddress('fe80::');
const example = () => generateCga({ publicKey, subnetPrefix, sec: 1, modifier });

test('the example of RFC 3972, Appendix A', () => {
  const { address, parameters } = example();
  assert.equal(formatAddress(address), 'fe80::3c4a:5bf6:ffb4:ca6c');
  assert.deepEqual(
    parameters,
    Uint8Array.from([...hex('89a8 a8b2 e858 d8b8 f263 3f44 d2d4 ce9b fe80 0000 0000 0000 00'), ...publicKey]),
  );
  assert.deepEqual(verifyCga(address, parameters), { valid: true });
});

test('the search can be cut into slices', () => {
  const request = { publicKey, sec: 1, modifier } as const;
  const first = findModifier(request, 1);
  assert.ok('next' in first);
  assert.equal(first.next[15], 0x9b);
  const second = findModifier({ ...request, modifier: first.next }, 1);
  assert.ok('found' in second);
  assert.deepEqual(second.found, hex('89a8 a8b2 e858 d8b8 f263 3f44 d2d4 ce9b'));
});

test('Sec 0 takes the modifier as it is, and the collision count changes the address', () => {
  const request = { publicKey, subnetPrefix: parseAddress('fc00:db8:1::'), sec: 0, modifier } as const;
  const addresses = [0, 1, 2].map((collisionCount) => generateCga({ ...request, collisionCount }));
  for (const { address, parameters } of addresses) {
    assert.deepEqual(parameters.subarray(0, 16), modifier);
    assert.equal(address[8]! & 0b1110_0011, 0);
    assert.deepEqual(verifyCga(address, parameters), { valid: true });
  }
  assert.equal(new Set(addresses.map(({ address }) => formatAddress(address))).size, 3);
  assert.throws(() => generateCga({ ...request, collisionCount: 3 }), { name: 'EncodeError', code: 'value' });
});

test('each step of RFC 3972 §5 fails by its number', () => {
  const { address, parameters } = example();
  const changed = (bytes: Uint8Array, at: number, value: number) => {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  };
  assert.deepEqual(verifyCga(address, parameters.subarray(0, 24)), { valid: false, step: 'format' });
  assert.deepEqual(verifyCga(address, changed(parameters, 24, 3)), { valid: false, step: 1 });
  assert.deepEqual(verifyCga(changed(address, 7, 1), parameters), { valid: false, step: 2 });
  for (const at of [8, 9, 15]) {
    assert.deepEqual(verifyCga(changed(address, at, address[at]! ^ 0b0000_0100), parameters), {
      valid: false,
      step: 4,
    });
  }
  assert.deepEqual(verifyCga(address, changed(parameters, 40, parameters[40]! ^ 1)), {
    valid: false,
    step: 4,
  });
  assert.deepEqual(verifyCga(changed(address, 8, 0x5c), parameters), { valid: false, step: 7 });
});

test('a lower Sec and the u and g bits are ignored, as RFC 3972 §7.1 says', () => {
  const { address, parameters } = example();
  for (const first of [0x1c, 0x3d, 0x3e, 0x3f]) {
    const other = address.slice();
    other[8] = first;
    assert.deepEqual(verifyCga(other, parameters), { valid: true });
  }
});

test('extension fields are hashed', () => {
  const request = { publicKey, subnetPrefix, sec: 0, modifier } as const;
  const plain = generateCga(request);
  const extended = generateCga({ ...request, extensions: [{ type: 0xfffd, data: hex('0102') }] });
  assert.deepEqual(extended.parameters.subarray(plain.parameters.length), hex('fffd 0002 0102'));
  const digest = createHash('sha1').update(extended.parameters).digest();
  assert.deepEqual(Uint8Array.from(digest.subarray(1, 8)), extended.address.slice(9));
  assert.deepEqual(verifyCga(extended.address, plain.parameters), { valid: false, step: 4 });
});
