/** One message of every type, as boxes exchange them, the same in every run. */
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type Option,
  VerificationMethod,
} from '../../control/wire/shim6/index.ts';
import { exampleParameters } from './example-cga.ts';

const tag = { high: 0x1234, low: 0x56789abc };
const locators = [parseAddress('2001:db8:11::1'), parseAddress('2001:db8:12::1')];
const ulids: Option = {
  type: 'UlidPair',
  sender: parseAddress('fc00:db8:1::1'),
  receiver: parseAddress('fc00:db8:2::2'),
};
const validator: Option = { type: 'ResponderValidator', validator: new Uint8Array(20).fill(7) };
const forked: Option = { type: 'ForkedInstanceIdentifier', identifier: 1 };
const preferences: Option = {
  type: 'LocatorPreferences',
  generation: 9,
  elementLength: 3,
  elements: locators.map((_, index) => ({ flags: index, priority: 10 * index, weight: 1 })),
};
const list: Option = {
  type: 'LocatorList',
  generation: 9,
  locators: locators.map((address, index) => ({
    address,
    method: index === 0 ? VerificationMethod.CGA : VerificationMethod.HBA,
  })),
};
const announcing: readonly Option[] = [
  list,
  preferences,
  { type: 'CgaParameterDataStructure', parameters: exampleParameters },
  { type: 'CgaSignature', signature: new Uint8Array(128).fill(3) },
];
const report = { source: locators[0]!, destination: locators[1]!, nonce: 1, data: 2 };
const asked = { initiatorNonce: 11, responderNonce: 12 };

const messages: readonly Message[] = [
  { type: 'I1', initiatorTag: tag, initiatorNonce: 11, options: [ulids] },
  { type: 'I1', initiatorTag: tag, initiatorNonce: 11, options: [ulids, forked] },
  { type: 'R1', ...asked, options: [validator] },
  { type: 'I2', initiatorTag: tag, ...asked, options: [validator, ulids, ...announcing] },
  { type: 'R2', responderTag: tag, initiatorNonce: 11, options: announcing },
  { type: 'R1bis', packetTag: tag, responderNonce: 12, options: [validator] },
  {
    type: 'I2bis',
    initiatorTag: tag,
    ...asked,
    packetTag: tag,
    options: [validator, ulids, forked, ...announcing],
  },
  { type: 'UpdateRequest', receiverTag: tag, requestNonce: 13, options: announcing },
  { type: 'UpdateRequest', receiverTag: tag, requestNonce: 13, options: [preferences] },
  { type: 'UpdateAcknowledgement', receiverTag: tag, requestNonce: 13, options: [] },
  {
    type: 'Keepalive',
    receiverTag: tag,
    options: [{ type: 'Unrecognized', code: 99, critical: false, contents: new Uint8Array(5) }],
  },
  { type: 'Probe', receiverTag: tag, state: 1, sent: [report, report], received: [report], options: [] },
  { type: 'Error', code: 1, pointer: 56, packet: new Uint8Array(64).fill(5) },
];

export const realMessages = (): Uint8Array[] => messages.map((message) => encodeMessage(message));

/** The options of an encoded message. */
export function optionsOf(octets: Uint8Array): readonly Option[] {
  const message = decodeMessage(octets);
  return message.type === 'Unknown' || message.type === 'Error' ? [] : message.options;
}
