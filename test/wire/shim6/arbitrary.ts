/** Generators of SHIM6 messages that have an encoding. */
import fc from 'fast-check';
import type { Message, Option, OptionName } from '../../../control/wire/shim6/index.ts';
import { messageRows } from '../../../control/wire/shim6/message-rows.ts';

/** Plain objects, so that deepEqual compares them with decoded ones. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });
const octets = (length: number, most = length) => fc.uint8Array({ minLength: length, maxLength: most });
const u32 = fc.nat(0xffffffff);
const octet = fc.nat(255);
const tag = record({ high: fc.nat(0x7fff), low: u32 });
const address = octets(16);

const preferences = fc.integer({ min: 1, max: 3 }).chain((elementLength) =>
  record({
    type: fc.constant('LocatorPreferences' as const),
    generation: u32,
    elementLength: fc.constant(elementLength),
    elements: fc.array(
      record({
        flags: octet,
        priority: elementLength > 1 ? octet : fc.constant(0),
        weight: elementLength > 2 ? octet : fc.constant(0),
      }),
      { maxLength: 5 },
    ),
  }),
);

const optionByName: { readonly [N in OptionName]: fc.Arbitrary<Extract<Option, { type: N }>> } = {
  ResponderValidator: record({ type: fc.constant('ResponderValidator'), validator: octets(0, 40) }),
  LocatorList: record({
    type: fc.constant('LocatorList'),
    generation: u32,
    locators: fc.array(record({ address, method: octet }), { maxLength: 9 }),
  }),
  LocatorPreferences: preferences,
  CgaParameterDataStructure: record({
    type: fc.constant('CgaParameterDataStructure'),
    parameters: octets(1, 90),
  }),
  CgaSignature: record({ type: fc.constant('CgaSignature'), signature: octets(1, 64) }),
  UlidPair: record({ type: fc.constant('UlidPair'), sender: address, receiver: address }),
  ForkedInstanceIdentifier: record({ type: fc.constant('ForkedInstanceIdentifier'), identifier: u32 }),
  KeepaliveTimeout: record({ type: fc.constant('KeepaliveTimeout'), timeout: fc.nat(0xffff) }),
};

const unrecognized = record({
  type: fc.constant('Unrecognized' as const),
  code: fc.integer({ min: 11, max: 0x7fff }),
  critical: fc.boolean(),
  contents: octets(0, 20),
});

const options = (name: Exclude<Message['type'], 'Error'>): fc.Arbitrary<Option[]> =>
  fc.array(fc.oneof(unrecognized, ...messageRows[name].options.map((option) => optionByName[option])), {
    maxLength: 4,
  });

const report = record({ source: address, destination: address, nonce: u32, data: u32 });

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  record({ type: fc.constant('I1'), initiatorTag: tag, initiatorNonce: u32, options: options('I1') }),
  record({ type: fc.constant('R1'), initiatorNonce: u32, responderNonce: u32, options: options('R1') }),
  record({
    type: fc.constant('I2'),
    initiatorTag: tag,
    initiatorNonce: u32,
    responderNonce: u32,
    options: options('I2'),
  }),
  record({ type: fc.constant('R2'), responderTag: tag, initiatorNonce: u32, options: options('R2') }),
  record({ type: fc.constant('R1bis'), packetTag: tag, responderNonce: u32, options: options('R1bis') }),
  record({
    type: fc.constant('I2bis'),
    initiatorTag: tag,
    initiatorNonce: u32,
    responderNonce: u32,
    packetTag: tag,
    options: options('I2bis'),
  }),
  record({
    type: fc.constant('UpdateRequest'),
    receiverTag: tag,
    requestNonce: u32,
    options: options('UpdateRequest'),
  }),
  record({
    type: fc.constant('UpdateAcknowledgement'),
    receiverTag: tag,
    requestNonce: u32,
    options: options('UpdateAcknowledgement'),
  }),
  record({ type: fc.constant('Keepalive'), receiverTag: tag, options: options('Keepalive') }),
  record({
    type: fc.constant('Probe'),
    receiverTag: tag,
    state: fc.nat(3),
    sent: fc.array(report, { minLength: 1, maxLength: 15 }),
    received: fc.array(report, { maxLength: 5 }),
    options: options('Probe'),
  }),
  record({
    type: fc.constant('Error'),
    code: fc.nat(127),
    pointer: fc.nat(0xffff),
    packet: fc.integer({ min: 1, max: 20 }).chain((words) => octets(8 * words)),
  }),
);
