import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { generateCga } from '../../control/identity/cga.ts';
import type { LocatorClaim } from '../../control/identity/identity-provider.ts';
import { verifyLocators } from '../../control/identity/signature.ts';
import { BindingError, SiteIdentity, UnknownUlidError } from '../../control/identity/site-identity.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const subnetPrefix = parseAddress('fc00:db8:1::');
const locators = [parseAddress('2001:db8:11::1'), parseAddress('2001:db8:12::1')];
const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
const siteKey = rsa(1024);

function site(verifications?: number) {
  const identity = new SiteIdentity({ privateKey: siteKey, ...(verifications && { verifications }) });
  const host = generateCga({
    publicKey: identity.publicKey,
    subnetPrefix,
    sec: 0,
    modifier: new Uint8Array(16),
  });
  identity.bind(host.address, host.parameters);
  return { identity, ulid: host.address, parameters: host.parameters };
}

function claimed(generation = 7) {
  const { identity, ulid, parameters } = site();
  const signature = identity.sign(ulid, generation, locators);
  return { identity, claim: { ulid, parameters, generation, locators, signature } };
}

test('what a site signs, another verifies, and it is plain RSASSA-PKCS1-v1_5', () => {
  const { identity, claim } = claimed();
  const other = new SiteIdentity({ privateKey: rsa(1024) });
  assert.deepEqual(other.verify(claim), { valid: true });
  assert.deepEqual(other.verify(claim), { valid: true });
  assert.equal(verifyLocators(identity.publicKey, 7, locators, claim.signature), 'valid');
  const octets = Buffer.concat([
    Buffer.from('4a3056624858574b3655416f506a6d48' + '00000007', 'hex'),
    ...locators,
  ]);
  assert.ok(verify('sha1', octets, createPublicKey(siteKey), claim.signature));
});

test('a signature is made once per generation and list', () => {
  const { identity, ulid } = site();
  const first = identity.sign(ulid, 7, locators);
  assert.equal(identity.sign(ulid, 7, locators), first);
  assert.notEqual(identity.sign(ulid, 8, locators), first);
  assert.notDeepEqual(identity.sign(ulid, 8, [...locators].reverse()), identity.sign(ulid, 8, locators));
});

test('a claim with anything changed does not hold, also after the true one was remembered', () => {
  const { identity, claim } = claimed();
  assert.deepEqual(identity.verify(claim), { valid: true });
  const signature = claim.signature.slice();
  signature[5] = signature[5]! ^ 1;
  const parameters = claim.parameters.slice();
  parameters[0] = 1;
  const refused = (changes: Partial<LocatorClaim>, reason: string) =>
    assert.deepEqual(identity.verify({ ...claim, ...changes }), { valid: false, reason, locator: 0 });
  refused({ signature }, 'signature');
  refused({ signature: new Uint8Array(1) }, 'signature');
  refused({ signature: undefined }, 'signature');
  refused({ generation: 8 }, 'signature');
  refused({ locators: [...locators].reverse() }, 'signature');
  refused({ locators: locators.slice(1) }, 'signature');
  refused({ parameters }, 'cga');
  refused({ parameters: new Uint8Array() }, 'cga');
  refused({ ulid: parseAddress('fc00:db8:1::1') }, 'cga');
});

test('a binding needs parameters of that address and of the site key', () => {
  const { identity, ulid, parameters } = site();
  const stranger = new SiteIdentity({ privateKey: rsa(1024) });
  assert.throws(() => stranger.bind(ulid, parameters), BindingError);
  assert.throws(() => identity.bind(parseAddress('fc00:db8:1::1'), parameters), BindingError);
  assert.equal(identity.parameters(ulid), parameters);
  identity.unbind(ulid);
  assert.throws(() => identity.parameters(ulid), UnknownUlidError);
  assert.throws(() => identity.sign(ulid, 1, locators), UnknownUlidError);
});

test('the verifications remembered are bounded and still right when forgotten', () => {
  const { identity, ulid, parameters } = site(2);
  const claims = [1, 2, 3, 4].map((generation) => ({
    ulid,
    parameters,
    generation,
    locators,
    signature: identity.sign(ulid, generation, locators),
  }));
  for (const claim of [...claims, ...claims]) assert.deepEqual(identity.verify(claim), { valid: true });
});
