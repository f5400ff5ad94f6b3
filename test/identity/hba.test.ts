import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { findModifier, generateCga, verifyCga } from '../../control/identity/cga.ts';
import { generateHbaSet, type HbaRequest, hbaFields, verifyHba } from '../../control/identity/hba.ts';
import { decodeCgaParameters, encodeCgaParameters } from '../../control/wire/cga/parameters.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { hex } from '../wire/shim6/hex.ts';
import { publicKey } from './keys.ts';

const prefixes = ['fc00:db8:1::', '2001:db8:11::', '2001:db8:12::'].map(parseAddress);
const modifier = Uint8Array.from({ length: 16 }, (_, index) => index);
const extendedModifier = Uint8Array.from({ length: 48 }, (_, index) => index + 1);
const keyed: HbaRequest = { binding: { publicKey }, prefixes, sec: 0, modifier };
const keyless: HbaRequest = { ...keyed, binding: { extendedModifier } };

const changed = (bytes: Uint8Array, at: number, value: number) => {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
};

test('RFC 5535 §6, step by step', () => {
  const extension = hex('0012 001c 80000000 fc000db800010000 20010db800110000 20010db800120000');
  const set = generateHbaSet(keyed);
  assert.equal(set.length, 3);
  for (const [index, { address, parameters }] of set.entries()) {
    const prefix = prefixes[index]!.subarray(0, 8);
    const expected = Uint8Array.from([...modifier, ...prefix, 0, ...publicKey, ...extension]);
    assert.deepEqual(parameters, expected);
    const hash1 = createHash('sha1').update(expected).digest();
    hash1[0] = hash1[0]! & 0b0001_1100;
    assert.deepEqual(address, Uint8Array.from([...prefix, ...hash1.subarray(0, 8)]));
  }
});

test('an HBA-only set has the random nonce for its key and P reset', () => {
  const [first] = generateHbaSet(keyless);
  const { publicKey: info, extensions } = decodeCgaParameters(first!.parameters);
  assert.ok(Buffer.from(info).includes(Buffer.from(extendedModifier)));
  assert.deepEqual(extensions[0]!.data.subarray(0, 4), new Uint8Array(4));
});

test('every member has its own interface identifier', () => {
  for (const request of [keyed, keyless]) {
    const identifiers = generateHbaSet(request).map(({ address }) => formatAddress(address).slice(-15));
    assert.equal(new Set(identifiers).size, 3);
  }
});

test('every member verifies with the parameters of every member, and is a CGA by its own: RFC 5535 §7', () => {
  for (const request of [keyed, keyless]) {
    const set = generateHbaSet(request);
    for (const { address } of set) {
      for (const { parameters } of set) assert.deepEqual(verifyHba(address, parameters), { valid: true });
    }
    for (const { address, parameters } of set)
      assert.deepEqual(verifyCga(address, parameters), { valid: true });
    assert.deepEqual(verifyCga(set[1]!.address, set[0]!.parameters), { valid: false, step: 2 });
  }
});

test('the modifier found for Sec 1 serves the whole set, and can be found in slices', () => {
  const set = generateHbaSet({ ...keyless, sec: 1 });
  const modifiers = set.map(({ parameters }) => Buffer.from(parameters.subarray(0, 16)).toString('hex'));
  assert.equal(new Set(modifiers).size, 1);
  for (const { address, parameters } of set) {
    assert.equal(address[8]! >> 5, 1);
    assert.deepEqual(verifyHba(address, parameters), { valid: true });
  }
  const found = findModifier({ ...hbaFields(keyless), sec: 1, modifier: hex(modifiers[0]!) }, 1);
  assert.deepEqual(found, { found: hex(modifiers[0]!) });
});

test('the collision count changes every address of the set', () => {
  const sets = [0, 1, 2].map((collisionCount) => generateHbaSet({ ...keyed, collisionCount }));
  assert.equal(new Set(sets.flat().map(({ address }) => formatAddress(address))).size, 9);
  for (const set of sets) assert.deepEqual(verifyHba(set[2]!.address, set[0]!.parameters), { valid: true });
  assert.throws(() => generateHbaSet({ ...keyed, collisionCount: 3 }), { name: 'EncodeError' });
});

test('order and number of prefixes are part of the address', () => {
  const [first] = generateHbaSet(keyed);
  const [, , last] = generateHbaSet({ ...keyed, prefixes: [...prefixes].reverse() });
  assert.notDeepEqual(first!.address, last!.address);
  const [fewer] = generateHbaSet({ ...keyed, prefixes: prefixes.slice(0, 2) });
  assert.notDeepEqual(first!.address, fewer!.address);
});

test('a set needs prefixes, each once', () => {
  assert.throws(() => generateHbaSet({ ...keyed, prefixes: [] }), { name: 'EncodeError' });
  assert.throws(() => generateHbaSet({ ...keyed, prefixes: [prefixes[0]!, parseAddress('fc00:db8:1::1')] }), {
    name: 'EncodeError',
  });
});

test('each step of RFC 5535 §7.2 fails by its number', () => {
  const [first, second] = generateHbaSet(keyed);
  const { parameters } = first!;
  const { address } = second!;
  const fails = (at: Uint8Array, of: Uint8Array, step: unknown) =>
    assert.deepEqual(verifyHba(at, of), { valid: false, step });
  fails(address, parameters.subarray(0, 20), 'format');
  fails(address, parameters.subarray(0, parameters.length - 1), 'format');
  const plain = generateCga({ publicKey, subnetPrefix: prefixes[0]!, sec: 0, modifier });
  fails(plain.address, plain.parameters, 'extension');
  const decoded = decodeCgaParameters(parameters);
  const twice = { ...decoded, extensions: [...decoded.extensions, ...decoded.extensions] };
  fails(address, encodeCgaParameters(twice), 'format');
  fails(changed(address, 7, 1), parameters, 1);
  fails(changed(address, 15, address[15]! ^ 1), parameters, 2.4);
  fails(address, changed(parameters, 24, 3), 2.1);
  fails(changed(address, 8, address[8]! | 0x20), parameters, 2.7);
  // RFC 5535 defines Sec 0 to 2 only.
  fails(changed(address, 8, address[8]! | 0x60), parameters, 2.5);
});

test('extension fields beside the Multi-Prefix extension are hashed and otherwise ignored', () => {
  const fields = hbaFields(keyed);
  const extensions = [{ type: 0xfffd, data: hex('0102') }, ...fields.extensions];
  const { address, parameters } = generateCga({
    ...fields,
    extensions,
    subnetPrefix: prefixes[1]!,
    sec: 0,
    modifier,
  });
  assert.deepEqual(verifyHba(address, parameters), { valid: true });
  assert.deepEqual(decodeCgaParameters(parameters).extensions, extensions);
});
