/** What clients and relays send: seeds of fuzzing. */
import { type ClientMessage, encodeDhcp, type Option } from '../../control/wire/dhcp6/index.ts';
import { parseName } from '../../control/wire/dns/name.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

/** Of the client in every seed; and of the server that is asked. */
export const CLIENT_DUID = Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 1);
export const SERVER_DUID = Uint8Array.of(0, 4, ...new Uint8Array(16).fill(7));

const client: Option = { type: 'ClientIdentifier', duid: CLIENT_DUID };
const server: Option = { type: 'ServerIdentifier', duid: SERVER_DUID };
const requested: Option = { type: 'OptionRequest', codes: [23, 24, 39, 82, 83] };
const fqdn: Option = { type: 'ClientFqdn', flags: 1, name: parseName('h9.bar.com'), qualified: true };
const lease: Option = {
  type: 'IaAddress',
  address: parseAddress('fc00:db8:1::7'),
  preferredLifetime: 7200,
  validLifetime: 10800,
  options: [],
};
const ia = (...options: Option[]): Option => ({ type: 'IaNa', iaid: 1, t1: 0, t2: 0, options });

const message = (type: ClientMessage['type'], ...options: Option[]): Uint8Array =>
  encodeDhcp({ type, transactionId: 0x010203, options });

const relay = (hopCount: number, inner: Uint8Array): Uint8Array =>
  encodeDhcp({
    type: 'RelayForward',
    hopCount,
    linkAddress: parseAddress('fc00:db8:1:2::1'),
    peerAddress: parseAddress('fe80::2'),
    options: [
      { type: 'InterfaceId', identifier: Uint8Array.of(0x65, 0x74, 0x68) },
      { type: 'RemoteId', enterprise: 9, identifier: Uint8Array.of(1, 2, 3) },
      { type: 'RelayMessage', message: inner },
    ],
  });

export const dhcpSeeds = (): readonly Uint8Array[] => [
  message('Solicit', client, requested, fqdn, ia(lease)),
  message('Solicit', client, { type: 'RapidCommit' }, { type: 'ReconfigureAccept' }, ia()),
  message('Request', client, server, requested, fqdn, ia(lease), { type: 'IaTa', iaid: 2, options: [] }),
  message('Renew', client, server, ia(lease), { type: 'IaPd', iaid: 3, t1: 0, t2: 0, options: [] }),
  message('Rebind', client, { type: 'ElapsedTime', elapsed: 100 }, ia(lease)),
  message('Confirm', client, ia(lease)),
  message('Release', client, server, ia(lease)),
  message('Decline', client, server, ia(lease)),
  message('InformationRequest', requested),
  relay(0, message('Solicit', client, ia())),
  relay(1, relay(0, message('Solicit', client, { type: 'RapidCommit' }, ia(lease)))),
];
