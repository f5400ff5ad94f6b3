/** Generators of DHCPv6 messages that have an encoding. */
import fc from 'fast-check';
import type { ClientMessage, DhcpMessage, Option } from '../../../control/wire/dhcp6/index.ts';

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });
const octets = (length: number, most = length) => fc.uint8Array({ minLength: length, maxLength: most });
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const address = octets(16);
const duid = octets(3, 130);

const name = fc
  .array(octets(1, 20), { maxLength: 5 })
  .map((labels) => Uint8Array.from([...labels.flatMap((label) => [label.length, ...label]), 0]));

const statusCode = record({ type: fc.constant('StatusCode' as const), code: u16, message: fc.string() });
/** Codes that no row of the table has. */
const unrecognized = record({
  type: fc.constant('Unrecognized' as const),
  code: fc.integer({ min: 200, max: 0xffff }),
  contents: octets(0, 30),
});

const iaAddress: fc.Arbitrary<Option> = record({
  type: fc.constant('IaAddress'),
  address,
  preferredLifetime: u32,
  validLifetime: u32,
  options: fc.array<Option>(fc.oneof(statusCode, unrecognized), { maxLength: 2 }),
});
const iaPrefix: fc.Arbitrary<Option> = record({
  type: fc.constant('IaPrefix'),
  preferredLifetime: u32,
  validLifetime: u32,
  length: fc.nat(128),
  prefix: address,
  options: fc.array<Option>(statusCode, { maxLength: 2 }),
});
const inIa = fc.array<Option>(fc.oneof(iaAddress, iaPrefix, statusCode, unrecognized), { maxLength: 4 });

const option: fc.Arbitrary<Option> = fc.oneof(
  record({ type: fc.constant('ClientIdentifier'), duid }),
  record({ type: fc.constant('ServerIdentifier'), duid }),
  record({ type: fc.constant('IaNa'), iaid: u32, t1: u32, t2: u32, options: inIa }),
  record({ type: fc.constant('IaTa'), iaid: u32, options: inIa }),
  record({ type: fc.constant('IaPd'), iaid: u32, t1: u32, t2: u32, options: inIa }),
  record({ type: fc.constant('OptionRequest'), codes: fc.array(u16, { maxLength: 9 }) }),
  record({ type: fc.constant('Preference'), value: fc.nat(255) }),
  record({ type: fc.constant('ElapsedTime'), elapsed: u16 }),
  record({ type: fc.constant('RapidCommit') }),
  record({ type: fc.constant('ReconfigureAccept') }),
  record({ type: fc.constant('DnsServers'), addresses: fc.array(address, { maxLength: 3 }) }),
  record({ type: fc.constant('DomainSearchList'), names: fc.array(name, { maxLength: 3 }) }),
  record({ type: fc.constant('InformationRefreshTime'), time: u32 }),
  record({ type: fc.constant('ClientFqdn'), flags: fc.nat(255), name, qualified: fc.boolean() }),
  record({ type: fc.constant('SolMaxRt'), value: u32 }),
  record({ type: fc.constant('InfMaxRt'), value: u32 }),
  statusCode,
  unrecognized,
);

export const clientMessage: fc.Arbitrary<ClientMessage> = record({
  type: fc.constantFrom('Solicit', 'Advertise', 'Request', 'Renew', 'Reply', 'Decline', 'InformationRequest'),
  transactionId: fc.nat(0xffffff),
  options: fc.array(option, { maxLength: 8 }),
});

const relayOption: fc.Arbitrary<Option> = fc.oneof(
  record({ type: fc.constant('RelayMessage'), message: octets(4, 60) }),
  record({ type: fc.constant('InterfaceId'), identifier: octets(0, 20) }),
  record({ type: fc.constant('RemoteId'), enterprise: u32, identifier: octets(1, 20) }),
  unrecognized,
);

export const message: fc.Arbitrary<DhcpMessage> = fc.oneof(
  clientMessage,
  record({
    type: fc.constantFrom('RelayForward', 'RelayReply'),
    hopCount: fc.nat(255),
    linkAddress: address,
    peerAddress: address,
    options: fc.array(relayOption, { maxLength: 4 }),
  }),
);
