/** Locators are proved before use, RFC 5533 §7.2: whoever cheats in I2 or R2 is counted and gets nowhere. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IdentityProvider } from '../../control/identity/index.ts';
import type { CounterName } from '../../control/shim6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, encodeMessage, type Message, type Option } from '../../control/wire/shim6/index.ts';
import { flipLast } from './octets.ts';
import { Pair, type Treatment } from './pair.ts';
import { hostA, siteA, siteB } from './sites.ts';

/** Re-encodes packets of a type with their options changed: checksum and lengths stay right. */
function rewriting(type: Message['type'], change: (option: Option) => Option | undefined): Treatment {
  return (sent) => {
    const message = decodeMessage(sent.message);
    if (message.type !== type || message.type === 'Error') return [sent];
    const options = message.options.map(change).filter((option) => option !== undefined);
    return [{ ...sent, message: encodeMessage({ ...message, options }) }];
  };
}

const foreign = parseAddress('2001:db8:666::1');

/** How the sender of I2 or R2 may cheat, and what it is counted as. */
const cheats: Record<string, { change: (option: Option) => Option | undefined; counted: CounterName }> = {
  'a wrong signature': {
    change: (option) =>
      option.type === 'CgaSignature' ? { ...option, signature: flipLast(option.signature) } : option,
    counted: 'bad-signature',
  },
  'no signature': {
    change: (option) => (option.type === 'CgaSignature' ? undefined : option),
    counted: 'bad-signature',
  },
  'CGA parameters of another address': {
    change: (option) =>
      option.type === 'CgaParameterDataStructure'
        ? {
            ...option,
            parameters: option.parameters.map((octet, index) => (index === 0 ? octet ^ 1 : octet)),
          }
        : option,
    counted: 'bad-parameters',
  },
  'no CGA parameters': {
    change: (option) => (option.type === 'CgaParameterDataStructure' ? undefined : option),
    counted: 'bad-parameters',
  },
  'a locator that was not signed': {
    change: (option) =>
      option.type === 'LocatorList'
        ? {
            ...option,
            locators: option.locators.map((one, index) => (index === 1 ? { ...one, address: foreign } : one)),
          }
        : option,
    counted: 'bad-signature',
  },
  'another generation than was signed': {
    change: (option) =>
      option.type === 'LocatorList' || option.type === 'LocatorPreferences'
        ? { ...option, generation: (option.generation + 1) >>> 0 }
        : option,
    counted: 'bad-signature',
  },
  'the verification method HBA without its parameters': {
    change: (option) =>
      option.type === 'LocatorList'
        ? { ...option, locators: option.locators.map((one) => ({ ...one, method: 1 })) }
        : option,
    counted: 'unsupported-method',
  },
  'preferences of another generation': {
    change: (option) =>
      option.type === 'LocatorPreferences'
        ? { ...option, generation: (option.generation ^ 1) >>> 0 }
        : option,
    counted: 'bad-preferences',
  },
  'too few preferences': {
    change: (option) =>
      option.type === 'LocatorPreferences' ? { ...option, elements: option.elements.slice(1) } : option,
    counted: 'bad-preferences',
  },
  'a locator that is routed nowhere': {
    change: (option) =>
      option.type === 'LocatorList'
        ? {
            ...option,
            locators: option.locators.map((one) => ({ ...one, address: parseAddress('fc00::1') })),
          }
        : option,
    counted: 'bad-locator',
  },
  'no locators in the list': {
    change: (option) => (option.type === 'LocatorList' ? { ...option, locators: [] } : option),
    counted: 'bad-locator',
  },
  'more locators than are accepted': {
    change: (option) =>
      option.type === 'LocatorList'
        ? { ...option, locators: Array.from({ length: 17 }, () => option.locators[0]!) }
        : option,
    counted: 'too-many-locators',
  },
  'no locator list at all': {
    change: (option) =>
      option.type === 'LocatorList' || option.type === 'LocatorPreferences' ? undefined : option,
    counted: 'source-not-listed',
  },
};

describe('a cheating initiator', () => {
  for (const [name, { change, counted }] of Object.entries(cheats)) {
    test(name, () => {
      const pair = new Pair({ treatment: rewriting('I2', change) });
      pair.establish();
      pair.runUntil(1_000);
      assert.equal(pair.b.core.size, 0);
      assert.equal(pair.b.core.counters[counted], 1, JSON.stringify(pair.b.core.counters));
    });
  }
});

describe('a cheating responder', () => {
  for (const [name, { change, counted }] of Object.entries(cheats)) {
    test(name, () => {
      const pair = new Pair({ treatment: rewriting('R2', change) });
      pair.establish();
      pair.runUntil(1_000);
      assert.equal(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)?.state, 'I2-SENT');
      assert.equal(pair.a.core.counters[counted], 1, JSON.stringify(pair.a.core.counters));
    });
  }
});

test('a host whose ULID is made of another key than signs for it gets nowhere', () => {
  const stranger = siteB.host(99, hostA.locators);
  const impostor: IdentityProvider = {
    parameters: (ulid) => siteA.identity.parameters(ulid),
    sign: (_, generation, locators) => siteB.identity.sign(stranger.ulid, generation, locators),
    verifyParameters: (ulid, parameters) => siteA.identity.verifyParameters(ulid, parameters),
    verify: (claim) => siteA.identity.verify(claim),
  };
  const pair = new Pair({ identityA: impostor });
  pair.establish();
  pair.runUntil(10_000);
  assert.equal(pair.b.core.size, 0);
  assert.ok(pair.b.core.counters['bad-signature'] > 0);
});

test('a bad signature draws Error 2 with the pointer at the verification method, RFC 5533 §7.2', () => {
  const pair = new Pair({ treatment: rewriting('I2', cheats['a wrong signature']!.change) });
  pair.establish();
  pair.runUntil(1_000);
  const error = decodeMessage(pair.sent.at(-1)!.message);
  assert.ok(error.type === 'Error');
  assert.equal(error.code, 2);
  // IPv6 header, then in the I2: header 24, validator 24, ULID pair 40, option header 4, generation 4, number 1.
  assert.equal(error.pointer, 40 + 24 + 24 + 40 + 9);
  assert.equal(error.packet[error.pointer], 2);
  assert.equal(pair.a.core.counters['refused-by-peer'], 1);
  assert.deepEqual(pair.a.outcomes, ['failed']);
});
