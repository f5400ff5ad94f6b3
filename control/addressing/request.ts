/** A client's message taken apart and validated: RFC 8415 §16. */
import {
  type ClientFqdn,
  type ClientMessage,
  findOption,
  type IaNa,
  type IaPd,
  type IaTa,
  type RelayedMessage,
  unwrapRelayed,
} from '../wire/dhcp6/index.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { DecodeError, equalOctets, Writer } from '../wire/octets.ts';
import type { DiscardReason } from './counters.ts';
import { octetKey } from './octet-key.ts';

/** A datagram as it arrived. */
export interface DhcpPacket {
  readonly bytes: Uint8Array;
  /** The inside interface it came in on. */
  readonly interface: string;
  readonly source: Address;
  /** Whether it was sent to a multicast address. */
  readonly multicast: boolean;
}

export type RequestName =
  | 'Solicit'
  | 'Request'
  | 'Confirm'
  | 'Renew'
  | 'Rebind'
  | 'Release'
  | 'Decline'
  | 'InformationRequest';

export interface ClientRequest {
  readonly type: RequestName;
  readonly message: ClientMessage;
  /** The one nearest to the server first. */
  readonly relays: readonly RelayedMessage[];
  readonly interface: string;
  /** Undefined only in an Information-request. */
  readonly duid: Uint8Array | undefined;
  /** octetKey of the DUID. */
  readonly client: string | undefined;
  /** Of the relay agent nearest to the client that has one. */
  readonly remoteId: Uint8Array | undefined;
  readonly addresses: readonly IaNa[];
  readonly temporary: readonly IaTa[];
  readonly prefixes: readonly IaPd[];
  readonly rapidCommit: boolean;
  readonly fqdn: ClientFqdn | undefined;
  /** Codes of the Option Request option; undefined when there was none. */
  readonly requested: readonly number[] | undefined;
}

/** How a message type is to be: with a Server Identifier of ours, without any, or either. */
const rules: Readonly<Record<RequestName, 'server' | 'no-server' | 'any-server'>> = {
  Solicit: 'no-server',
  Request: 'server',
  Confirm: 'no-server',
  Renew: 'server',
  Rebind: 'no-server',
  Release: 'server',
  Decline: 'server',
  InformationRequest: 'any-server',
};
const isRequest = (type: string): type is RequestName => type in rules;
/** Where a client must not use unicast, its message is discarded (§16); elsewhere it is told (§18.4). */
const multicastOnly: ReadonlySet<RequestName> = new Set([
  'Solicit',
  'Confirm',
  'Rebind',
  'InformationRequest',
]);

/** The request, or why it is discarded. Never throws. */
export function readRequest(packet: DhcpPacket, serverDuid: Uint8Array): ClientRequest | DiscardReason {
  let unwrapped: ReturnType<typeof unwrapRelayed>;
  try {
    unwrapped = unwrapRelayed(packet.bytes);
  } catch (error) {
    if (error instanceof DecodeError) return 'malformed';
    throw error;
  }
  const { message, relays } = unwrapped;
  const { type, options } = message;
  if (!isRequest(type)) return 'not-for-servers';
  if (relays.length === 0 && !packet.multicast && multicastOnly.has(type)) return 'unicast';
  const duid = findOption(options, 'ClientIdentifier')?.duid;
  if (duid === undefined && type !== 'InformationRequest') return 'no-client-identifier';
  const server = findOption(options, 'ServerIdentifier')?.duid;
  if (server === undefined && rules[type] === 'server') return 'no-server-identifier';
  if (server !== undefined && rules[type] === 'no-server') return 'unwanted-server-identifier';
  if (server !== undefined && !equalOctets(server, serverDuid)) return 'other-server';
  const addresses: IaNa[] = [];
  const temporary: IaTa[] = [];
  const prefixes: IaPd[] = [];
  for (const option of options) {
    if (option.type === 'IaNa') addresses.push(option);
    else if (option.type === 'IaTa') temporary.push(option);
    else if (option.type === 'IaPd') prefixes.push(option);
  }
  if (type === 'InformationRequest' && addresses.length + temporary.length + prefixes.length > 0)
    return 'ia-in-information-request';
  return {
    type,
    message,
    relays,
    interface: packet.interface,
    duid,
    client: duid && octetKey(duid),
    remoteId: remoteIdOf(relays),
    addresses,
    temporary,
    prefixes,
    rapidCommit: findOption(options, 'RapidCommit') !== undefined,
    fqdn: findOption(options, 'ClientFqdn'),
    requested: findOption(options, 'OptionRequest')?.codes,
  };
}

function remoteIdOf(relays: readonly RelayedMessage[]): Uint8Array | undefined {
  for (let nearest = relays.length - 1; nearest >= 0; nearest--) {
    const { options } = relays[nearest]!;
    const remote = findOption(options, 'RemoteId');
    if (remote !== undefined) return new Writer(32).u32(remote.enterprise).put(remote.identifier).finish();
  }
  return undefined;
}
