/** Two protocol cores whose sites chose HBA, CGA or both, and keys that the other may lack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateHbaSet, type HbaBinding } from '../../control/identity/hba.ts';
import type { IdentityProvider } from '../../control/identity/identity-provider.ts';
import { KEY_TYPES, type KeyType } from '../../control/identity/key-type.ts';
import { SiteIdentity } from '../../control/identity/site-identity.ts';
import { type LocalHost, Shim6 } from '../../control/shim6/index.ts';
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, findOption, type I2, VerificationMethod } from '../../control/wire/shim6/index.ts';
import { SeededRandom } from '../shim6/random.ts';
import { hostB, siteB } from '../shim6/sites.ts';
import { privateKeys } from './keys.ts';

const { HBA, CGA } = VerificationMethod;
const prefixes = ['fc00:db8:1::', '2001:db8:11::', '2001:db8:12::'].map(parseAddress);
const later = parseAddress('2001:db8:13::1');

interface Owner {
  readonly identity: SiteIdentity;
  readonly host: LocalHost;
}

/** A host with an HBA set; `added` are locators that are not of it. */
function owner(identity: SiteIdentity, binding: HbaBinding, added: readonly Address[] = []): Owner {
  const set = generateHbaSet({ binding, prefixes, sec: 0, modifier: new Uint8Array(16) });
  const [{ address: ulid, parameters }, ...others] = set as [(typeof set)[0], ...typeof set];
  identity.bind(ulid, parameters);
  const locators = [...others.map(({ address }) => address), ...added];
  const local = locators.map((address) => ({ address, usable: true, priority: 1, weight: 1 }));
  return { identity, host: { ulid, locators: local } };
}

const ofType = (type: KeyType, added: readonly Address[] = []) => {
  const identity = new SiteIdentity({ privateKey: privateKeys[type] });
  return owner(identity, { publicKey: identity.publicKey }, added);
};
const keyless = () => owner(new SiteIdentity({}), { extendedModifier: new Uint8Array(48).fill(9) });

/** `a` establishes with hostB, whose site has `identityB`; messages arrive at once. */
function establish({ identity, host: a }: Owner, identityB: IdentityProvider = siteB.identity) {
  const coreA = new Shim6({ random: new SeededRandom(1).octets, identity });
  const coreB = new Shim6({ random: new SeededRandom(2).octets, identity: identityB });
  coreA.setHost(0, a);
  coreB.setHost(0, hostB);
  const messages: ReturnType<typeof decodeMessage>[] = [];
  const carry = (from: Shim6, to: Shim6): boolean => {
    const effect = from.pollEffect();
    if (effect?.kind === 'send') {
      messages.push(decodeMessage(effect.message));
      to.handleMessage(0, effect);
    }
    return effect !== undefined;
  };
  coreA.establish(
    0,
    a.ulid,
    hostB.ulid,
    hostB.locators.map(({ address }) => address),
  );
  while (carry(coreA, coreB) || carry(coreB, coreA));
  const context = coreB.context(hostB.ulid, a.ulid);
  const i2 = messages.find((message): message is I2 => message.type === 'I2')!;
  const list = findOption(i2, 'LocatorList');
  return {
    counters: coreB.counters,
    messages,
    state: context?.state,
    methods: list?.locators.map(({ method }) => method),
    signed: i2.options.some(({ type }) => type === 'CgaSignature'),
    believed: context?.peerLocators.map(({ address }) => address),
  };
}

const locatorsOf = ({ host }: Owner) => host.locators.map(({ address }) => address);

test('HBAs, with a key or without, are believed without a signature', () => {
  for (const one of [keyless(), ...KEY_TYPES.map((type) => ofType(type))]) {
    const { state, methods, signed, believed } = establish(one);
    assert.equal(state, 'ESTABLISHED');
    assert.deepEqual(methods, [HBA, HBA]);
    assert.equal(signed, false);
    assert.deepEqual(believed, locatorsOf(one));
  }
});

test('a mixed list is signed for its CGA locators, by a key of any type', () => {
  for (const type of KEY_TYPES) {
    const one = ofType(type, [later]);
    const { state, methods, signed, believed } = establish(one);
    assert.equal(state, 'ESTABLISHED', type);
    assert.deepEqual(methods, [HBA, HBA, CGA]);
    assert.equal(signed, true);
    assert.deepEqual(believed, locatorsOf(one));
  }
});

test('a peer that lacks a type of key refuses it with Error 2 at the first locator that needs it', () => {
  const old = new SiteIdentity({ keyTypes: ['rsa'] });
  const rsaOnly: IdentityProvider = {
    parameters: (ulid) => siteB.identity.parameters(ulid),
    sign: (ulid, generation, locators) => siteB.identity.sign(ulid, generation, locators),
    verifyParameters: (ulid, parameters) => old.verifyParameters(ulid, parameters),
    verify: (claim) => old.verify(claim),
  };
  for (const type of ['p256', 'ed25519'] as const) {
    const { state, counters, messages } = establish(ofType(type, [later]), rsaOnly);
    assert.equal(state, undefined);
    assert.equal(counters['unsupported-key'], 1);
    const error = messages.at(-1);
    assert.ok(error?.type === 'Error');
    assert.equal(error.code, 2);
    assert.equal(error.packet[error.pointer], CGA);
    assert.equal(establish(ofType(type), rsaOnly).state, 'ESTABLISHED', 'HBAs need no key');
  }
});
