/** Answers: the options every one has, and the way back through the relay agents. */
import {
  type ClientMessageName,
  encodeDhcp,
  findOption,
  type Option,
  type OptionName,
  optionCode,
  type RelayedMessage,
  StatusCode,
} from '../wire/dhcp6/index.ts';
import type { ClientRequest } from './request.ts';
import type { DhcpSettings } from './settings.ts';

export const status = (code: keyof typeof StatusCode, message = ''): Option => ({
  type: 'StatusCode',
  code: StatusCode[code],
  message,
});

/** RFC 8415 §18.3: both identifiers, then what the answer is about. */
export function answer(
  type: ClientMessageName,
  request: ClientRequest,
  serverDuid: Uint8Array,
  options: readonly Option[],
): Uint8Array {
  const { duid, relays, message } = request;
  const all: Option[] = duid === undefined ? [] : [{ type: 'ClientIdentifier', duid }];
  all.push({ type: 'ServerIdentifier', duid: serverDuid }, ...options);
  return throughRelays(encodeDhcp({ type, transactionId: message.transactionId, options: all }), relays);
}

/** RFC 8415 §19.3: the same relay agents in reverse; each gets back its Interface-Id. */
function throughRelays(message: Uint8Array, relays: readonly RelayedMessage[]): Uint8Array {
  return relays.reduceRight((inner, { hopCount, linkAddress, peerAddress, options }) => {
    const interfaceId = findOption(options, 'InterfaceId');
    return encodeDhcp({
      type: 'RelayReply',
      hopCount,
      linkAddress,
      peerAddress,
      options: [...(interfaceId ? [interfaceId] : []), { type: 'RelayMessage', message: inner }],
    });
  }, message);
}

/** What the client asked for and we have. A client without an Option Request gets the resolver and search list. */
export function configurationOptions(request: ClientRequest, settings: DhcpSettings): Option[] {
  const { dnsServers, domainSearch, solMaxRt, infMaxRt } = settings;
  const wanted = (name: OptionName, unasked = false) =>
    request.requested?.includes(optionCode(name)) ?? unasked;
  const options: Option[] = [];
  if (dnsServers.length > 0 && wanted('DnsServers', true))
    options.push({ type: 'DnsServers', addresses: dnsServers });
  if (domainSearch.length > 0 && wanted('DomainSearchList', true))
    options.push({ type: 'DomainSearchList', names: domainSearch });
  if (solMaxRt !== undefined && wanted('SolMaxRt')) options.push({ type: 'SolMaxRt', value: solMaxRt });
  if (infMaxRt !== undefined && wanted('InfMaxRt')) options.push({ type: 'InfMaxRt', value: infMaxRt });
  if (request.type === 'InformationRequest' && wanted('InformationRefreshTime', true))
    options.push({ type: 'InformationRefreshTime', time: settings.informationRefreshTime });
  return options;
}
