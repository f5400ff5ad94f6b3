import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { generateCga } from '../../control/identity/cga.ts';
import { KEY_TYPES, type KeyType } from '../../control/identity/key-type.ts';
import { signedOctets, verifyLocators } from '../../control/identity/signature.ts';
import { SiteKeyError, signingKey } from '../../control/identity/signing-key.ts';
import { SiteIdentity } from '../../control/identity/site-identity.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { newKey, privateKeys } from './keys.ts';

const locators = [parseAddress('2001:db8:11::1'), parseAddress('2001:db8:12::1')];
const octets = signedOctets(7, locators);

/** The same algorithms, by OpenSSL. */
const independent: {
  readonly [T in KeyType]: {
    sign(key: KeyObject): Uint8Array;
    verify(key: KeyObject, signature: Uint8Array): boolean;
  };
} = {
  rsa: {
    sign: (key) => sign('sha1', octets, key),
    verify: (key, signature) => verify('sha1', octets, key, signature),
  },
  p256: {
    sign: (key) => sign('sha256', octets, { key, dsaEncoding: 'ieee-p1363' }),
    verify: (key, signature) => verify('sha256', octets, { key, dsaEncoding: 'ieee-p1363' }, signature),
  },
  ed25519: {
    sign: (key) => sign(null, octets, key),
    verify: (key, signature) => verify(null, octets, key, signature),
  },
};

for (const type of KEY_TYPES) {
  const privateKey = privateKeys[type];
  const key = signingKey(privateKey);
  const der = Uint8Array.from(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));

  test(`${type}: the public key is its SubjectPublicKeyInfo, and OpenSSL agrees on signatures`, () => {
    assert.equal(key.type, type);
    assert.deepEqual(key.publicKey, der);
    const signature = key.sign(octets);
    assert.equal(signature.length, type === 'rsa' ? 128 : 64);
    assert.ok(independent[type].verify(createPublicKey(privateKey), signature));
    assert.deepEqual(key.sign(octets), signature);
    // OpenSSL's ECDSA is random: both halves of the range of s come up.
    for (let round = 0; round < 8; round++) {
      const theirs = Uint8Array.from(independent[type].sign(privateKey));
      assert.equal(verifyLocators(der, 7, locators, theirs), 'valid');
    }
  });

  test(`${type}: another message, key, signature or length does not verify`, () => {
    const signature = key.sign(octets);
    const invalid = (generation: number, wrong: Uint8Array, publicKey: Uint8Array = der) =>
      assert.equal(verifyLocators(publicKey, generation, locators, wrong), 'invalid');
    invalid(8, signature);
    invalid(7, new Uint8Array());
    invalid(7, new Uint8Array(signature.length));
    invalid(7, signature.subarray(1));
    invalid(7, Uint8Array.from([...signature, 0]));
    invalid(7, signature, signingKey(newKey(type)).publicKey);
    for (let at = 0; at < signature.length; at += 7) {
      const wrong = signature.slice();
      wrong[at] = wrong[at]! ^ 0x10;
      invalid(7, wrong);
    }
  });

  test(`${type}: a peer that lacks it refuses the key, not the signature`, () => {
    const others = KEY_TYPES.filter((other) => other !== type);
    assert.equal(verifyLocators(der, 7, locators, key.sign(octets), others), 'unsupported-key');
    assert.equal(verifyLocators(der, 7, locators, key.sign(octets), [type]), 'valid');

    const owner = new SiteIdentity({ privateKey });
    const subnetPrefix = parseAddress('fc00:db8:1::');
    const modifier = new Uint8Array(16);
    const { address: ulid, parameters } = generateCga({ publicKey: der, subnetPrefix, sec: 0, modifier });
    owner.bind(ulid, parameters);
    const signature = owner.sign(ulid, 7, locators);
    const claim = { ulid, parameters, generation: 7, locators, signature };
    const modern = new SiteIdentity({ privateKey: privateKeys.rsa });
    const old = new SiteIdentity({ privateKey: privateKeys.rsa, keyTypes: others });
    assert.deepEqual(modern.verify(claim), { valid: true });
    assert.deepEqual(old.verify(claim), { valid: false, reason: 'unsupported-key', locator: 0 });
    assert.ok(old.verifyParameters(ulid, parameters), 'the ULID is proven by hashes alone');
  });
}

test('keys of other types and sizes are refused on both sides', () => {
  const pairs = [
    generateKeyPairSync('rsa', { modulusLength: 512 }),
    generateKeyPairSync('rsa-pss', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ed448'),
    generateKeyPairSync('x25519'),
  ];
  for (const { privateKey, publicKey } of pairs) {
    assert.throws(() => signingKey(privateKey), SiteKeyError);
    assert.throws(() => new SiteIdentity({ privateKey }), SiteKeyError);
    const der = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));
    assert.equal(verifyLocators(der, 1, locators, new Uint8Array(64)), 'unsupported-key');
  }
});

test('an RSA key made to be slow is refused', () => {
  const huge = (bits: number, exponent: Uint8Array) => {
    const n = new Uint8Array(bits / 8).fill(0xff);
    const encode = (value: Uint8Array) => Buffer.from(value).toString('base64url');
    const key = createPublicKey({ key: { kty: 'RSA', n: encode(n), e: encode(exponent) }, format: 'jwk' });
    return Uint8Array.from(key.export({ type: 'spki', format: 'der' }));
  };
  const small = Uint8Array.of(1, 0, 1);
  const signature = (bits: number) => new Uint8Array(bits / 8);
  assert.equal(verifyLocators(huge(8192, small), 1, locators, signature(8192)), 'invalid');
  assert.equal(verifyLocators(huge(8200, small), 1, locators, signature(8200)), 'unsupported-key');
  const large = Uint8Array.from({ length: 9 }, () => 1);
  assert.equal(verifyLocators(huge(1024, large), 1, locators, signature(1024)), 'unsupported-key');
});

test('points that are no keys, other encodings and garbage are unsupported keys', () => {
  const p256 = signingKey(privateKeys.p256).publicKey;
  const offCurve = p256.slice();
  offCurve[90] = offCurve[90]! ^ 1;
  const hybrid = p256.slice();
  hybrid[26] = 6;
  const ed25519 = signingKey(privateKeys.ed25519).publicKey;
  const noPoint = ed25519.slice().fill(0xff, 12);
  const wrong = [
    offCurve,
    hybrid,
    noPoint,
    p256.subarray(0, 90),
    Uint8Array.of(0x30, 1, 0),
    new Uint8Array(),
  ];
  for (const publicKey of wrong) {
    assert.equal(verifyLocators(publicKey, 1, locators, new Uint8Array(64)), 'unsupported-key');
  }
});

test('an Ed25519 key of small order signs nothing', () => {
  const identity = Uint8Array.from([
    ...signingKey(privateKeys.ed25519).publicKey.subarray(0, 12),
    1,
    ...new Uint8Array(31),
  ]);
  // R is the identity and s zero: it "verifies" for every message where small orders are let through.
  const forged = Uint8Array.from([1, ...new Uint8Array(63)]);
  assert.notEqual(verifyLocators(identity, 1, locators, forged), 'valid');
});
