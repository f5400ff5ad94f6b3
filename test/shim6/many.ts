/** Peers by the thousand, without a key for each. */
import assert from 'node:assert/strict';
import type { IdentityProvider } from '../../control/identity/index.ts';
import type { Shim6 } from '../../control/shim6/index.ts';
import type { Address } from '../../control/wire/ipv6/address.ts';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  VerificationMethod,
} from '../../control/wire/shim6/index.ts';
import { hostA, hostB } from './sites.ts';

/** Believes every claim. */
export const trusting: IdentityProvider = {
  parameters: () => new Uint8Array(200),
  sign: () => new Uint8Array(128),
  verifyParameters: () => true,
  verify: () => ({ valid: true }),
};

interface Initiator {
  /** Makes the ULID. */
  readonly number: number;
  readonly tag: number;
  readonly locator: Address;
}

/** Goes through I1, R1 and I2 with `core`, which has hostB and a trusting identity provider. */
export function establishByI2(core: Shim6, { number, tag, locator }: Initiator): void {
  const sender = hostA.ulid.slice();
  sender.set([number >> 16, (number >> 8) & 0xff, number & 0xff], 13);
  const ulids = { type: 'UlidPair', sender, receiver: hostB.ulid } as const;
  const initiator = { initiatorTag: { high: 0, low: tag }, initiatorNonce: number };
  const hand = (message: Message) =>
    core.handleMessage(0, {
      source: locator,
      destination: hostB.locators[0]!.address,
      message: encodeMessage(message),
    });
  hand({ type: 'I1', ...initiator, options: [ulids] });
  const effect = core.pollEffect();
  assert.ok(effect?.kind === 'send');
  const r1 = decodeMessage(effect.message);
  assert.ok(r1.type === 'R1');
  hand({
    type: 'I2',
    ...initiator,
    responderNonce: r1.responderNonce,
    options: [
      ...r1.options,
      ulids,
      {
        type: 'LocatorList',
        generation: 1,
        locators: [{ address: locator, method: VerificationMethod.CGA }],
      },
      { type: 'CgaParameterDataStructure', parameters: new Uint8Array(200) },
      { type: 'CgaSignature', signature: new Uint8Array(128) },
    ],
  });
  while (core.pollEffect() !== undefined);
}
