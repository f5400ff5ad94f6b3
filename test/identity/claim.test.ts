/** Locator lists proven by HBA, by CGA, and by both: RFC 5533 §7.2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generateCga } from '../../control/identity/cga.ts';
import { generateHbaSet, type HbaBinding } from '../../control/identity/hba.ts';
import type { ClaimFailure, LocatorClaim } from '../../control/identity/identity-provider.ts';
import { KEY_TYPES } from '../../control/identity/key-type.ts';
import { signingKey } from '../../control/identity/signing-key.ts';
import {
  BindingError,
  KeylessUlidError,
  SiteIdentity,
  UnknownUlidError,
} from '../../control/identity/site-identity.ts';
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';
import { VerificationMethod } from '../../control/wire/shim6/index.ts';
import { privateKeys, publicKey } from './keys.ts';

const { HBA, CGA } = VerificationMethod;
const prefixes = ['fc00:db8:1::', '2001:db8:11::', '2001:db8:12::'].map(parseAddress);
/** Of a provider that came after the set was made. */
const later = parseAddress('2001:db8:13::1');
const peer = new SiteIdentity({ privateKey: privateKeys.rsa });
const keyless: HbaBinding = { extendedModifier: new Uint8Array(48).fill(7) };

function host(binding: HbaBinding) {
  const set = generateHbaSet({ binding, prefixes, sec: 0, modifier: new Uint8Array(16) });
  const [first, ...others] = set.map(({ address }) => address) as [Address, Address, Address];
  return { ulid: first, parameters: set[0]!.parameters, locators: others, set };
}

const keyed = host({ publicKey });
const hbaOnly = host(keyless);

function claimOf(owner: typeof keyed, changes: Partial<LocatorClaim> = {}): LocatorClaim {
  const { ulid, parameters, locators } = owner;
  return { ulid, parameters, generation: 3, locators, methods: locators.map(() => HBA), ...changes };
}

const holds = (claim: LocatorClaim) => assert.deepEqual(peer.verify(claim), { valid: true });
const fails = (claim: LocatorClaim, reason: ClaimFailure, locator = 0) =>
  assert.deepEqual(peer.verify(claim), { valid: false, reason, locator });

test('a list of HBAs needs no signature, with a key in its parameters or without', () => {
  for (const one of [keyed, hbaOnly]) {
    holds(claimOf(one));
    holds(claimOf(one));
    holds(claimOf(one, { locators: [...one.locators].reverse() }));
    holds(claimOf(one, { locators: [one.ulid], methods: [HBA] }));
    for (const { parameters } of one.set) holds(claimOf(one, { parameters }));
  }
});

test('an address that is not in the set fails by its place in the list', () => {
  const [first, second] = keyed.locators as [Address, Address];
  const wrong = second.slice();
  wrong[15] = wrong[15]! ^ 1;
  fails(claimOf(keyed, { locators: [first, wrong] }), 'hba', 1);
  fails(claimOf(keyed, { locators: [first, later] }), 'hba', 1);
  fails(claimOf(keyed, { locators: hbaOnly.locators }), 'hba', 0);
});

test('a ULID that is not of the set fails the whole list', () => {
  fails(claimOf(keyed, { ulid: hbaOnly.ulid }), 'cga');
  fails(claimOf(keyed, { ulid: later }), 'cga');
  fails(claimOf(keyed, { parameters: keyed.parameters.subarray(0, 30) }), 'cga');
});

test('a mixed list: each locator by its own method, the signature over those of CGA in their order', () => {
  const site = new SiteIdentity({ privateKey: privateKeys.rsa });
  site.bind(keyed.ulid, keyed.parameters);
  const another = parseAddress('2001:db8:14::1');
  const [first, second] = keyed.locators as [Address, Address];
  const locators = [later, first, another, second];
  assert.deepEqual(
    locators.map((locator) => site.method(keyed.ulid, locator)),
    ['CGA', 'HBA', 'CGA', 'HBA'],
  );
  const methods = [CGA, HBA, CGA, HBA];
  const signature = site.sign(keyed.ulid, 3, [later, another]);
  const claim = claimOf(keyed, { locators, methods, signature });
  holds(claim);
  holds({ ...claim, methods: [CGA, HBA, CGA, HBA] });
  fails({ ...claim, signature: undefined }, 'signature', 0);
  fails({ ...claim, generation: 4 }, 'signature', 0);
  fails({ ...claim, locators: [another, first, later, second] }, 'signature', 0);
  fails({ ...claim, methods: [CGA, CGA, CGA, HBA] }, 'signature', 0);
  fails({ ...claim, methods: [HBA, HBA, CGA, HBA] }, 'hba', 0);
  fails({ ...claim, methods: [CGA, HBA, HBA, HBA] }, 'hba', 2);
  fails({ ...claim, locators: [first, another, second, later] }, 'hba', 1);
  // The HBAs are in nobody's signature: their places may change.
  holds({ ...claim, locators: [later, second, another, first] });
  fails(claimOf(keyed, { locators: [first, later], methods: [HBA, CGA] }), 'signature', 1);
});

test('members of the set may be signed for as well', () => {
  const site = new SiteIdentity({ privateKey: privateKeys.rsa });
  site.bind(keyed.ulid, keyed.parameters);
  const signature = site.sign(keyed.ulid, 3, keyed.locators);
  holds(claimOf(keyed, { methods: [CGA, CGA], signature }));
});

test('a method that is unknown, or not consistent with the parameters, is named by its place', () => {
  const plain = generateCga({
    publicKey,
    subnetPrefix: prefixes[0]!,
    sec: 0,
    modifier: new Uint8Array(16),
  });
  const { address: ulid, parameters } = plain;
  const locators = [later, ulid];
  const signature = new Uint8Array(128);
  const claim = { ulid, parameters, generation: 3, locators, signature };
  fails({ ...claim, methods: [CGA, HBA] }, 'method', 1);
  fails(claimOf(keyed, { methods: [HBA, 0] }), 'method', 1);
  fails(claimOf(keyed, { methods: [HBA, 3] }), 'method', 1);
  fails(claimOf(keyed, { methods: [HBA] }), 'method', 1);
  fails(claimOf(hbaOnly, { methods: [HBA, CGA], signature }), 'method', 1);
});

test('a signature counts for the CGA of the parameters, not for another member of the set', () => {
  const site = new SiteIdentity({ privateKey: privateKeys.rsa });
  site.bind(keyed.ulid, keyed.parameters);
  const signature = site.sign(keyed.ulid, 3, [later]);
  const claim = claimOf(keyed, { locators: [later], methods: [CGA], signature });
  holds(claim);
  fails({ ...claim, parameters: keyed.set[1]!.parameters }, 'cga', 0);
});

test('parameters of any member prove a ULID', () => {
  for (const { parameters } of keyed.set) assert.ok(peer.verifyParameters(keyed.ulid, parameters));
  assert.ok(!peer.verifyParameters(later, keyed.parameters));
});

test('what is remembered of a claim includes its methods', () => {
  const claim = claimOf(keyed, { locators: keyed.locators.slice(1), methods: [HBA] });
  holds(claim);
  fails({ ...claim, methods: [CGA] }, 'signature');
  fails({ ...claim, methods: [0] }, 'method');
});

test('a site of HBAs without a key needs none, and has nothing to sign with', () => {
  const site = new SiteIdentity({});
  site.bind(hbaOnly.ulid, hbaOnly.parameters);
  assert.equal(site.method(hbaOnly.ulid, hbaOnly.locators[0]!), 'HBA');
  assert.throws(() => site.sign(hbaOnly.ulid, 1, [later]), KeylessUlidError);
  assert.throws(() => site.bind(keyed.ulid, keyed.parameters), BindingError);
  assert.throws(() => site.method(keyed.ulid, later), UnknownUlidError);
  assert.throws(() => site.publicKey, { name: 'SiteKeyError' });
  assert.deepEqual(site.verify(claimOf(keyed)), { valid: true });
});

test('whatever a stranger hashes into its ULID, verification gives an answer', () => {
  const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const extension = fc.tuple(fc.constantFrom(0x12, 0x12, 0xfffd), fc.uint8Array({ maxLength: 20 }));
  const arbitrary = fc.record({
    key: fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .uint8Array({ maxLength: 100 })
        .map((contents) => Uint8Array.from([0x30, contents.length, ...contents])),
      ...KEY_TYPES.map((type) => fc.constant(signingKey(privateKeys[type]).publicKey)),
    ),
    extensions: fc.array(
      extension.map(([type, data]) => ({ type, data })),
      { maxLength: 3 },
    ),
    locators: fc.array(octets(16), { maxLength: 3 }),
    methods: fc.array(fc.nat(3), { maxLength: 3 }),
    signature: fc.option(fc.oneof(octets(64), octets(128), fc.uint8Array({ maxLength: 20 })), {
      nil: undefined,
    }),
  });
  fc.assert(
    fc.property(arbitrary, ({ key, extensions, locators, methods, signature }) => {
      const request = { publicKey: key, extensions, subnetPrefix: later, modifier: new Uint8Array(16) };
      const { address: ulid, parameters } = generateCga({ ...request, sec: 0 });
      const { valid } = peer.verify({ ulid, parameters, generation: 1, locators, methods, signature });
      // Nothing random is a signature or a member of a set: only an empty list has nothing to prove.
      if (locators.length > 0) assert.equal(valid, false);
    }),
    { numRuns: 300 },
  );
});
