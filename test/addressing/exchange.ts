/** A server and its clients in one process, in virtual time. */
import assert from 'node:assert/strict';
import type { Outcome } from '../../control/addressing/outcome.ts';
import { DhcpServer } from '../../control/addressing/server.ts';
import type { DhcpSettings } from '../../control/addressing/settings.ts';
import {
  type ClientMessage,
  type ClientMessageName,
  decodeDhcp,
  encodeDhcp,
  findOption,
  type IaAddress,
  type IaNa,
  type Option,
  type RelayedMessage,
} from '../../control/wire/dhcp6/index.ts';
import { parseName } from '../../control/wire/dns/name.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { MemoryBook } from './memory-book.ts';

export const SUBNET = parsePrefix('fc00:db8:1::/64');
export const RELAYED_SUBNET = parsePrefix('fc00:db8:1:2::/64');
export const SERVER_DUID = Uint8Array.of(0, 4, ...new Uint8Array(16).fill(7));
/** 2026-01-01. */
export const START = 1_767_225_600_000;

export const settings: DhcpSettings = {
  subnets: [
    { prefix: SUBNET, interface: 'lan0', relays: [], exclude: [] },
    { prefix: RELAYED_SUBNET, relays: [parsePrefix('2001:db8:77::/64')], exclude: [] },
  ],
  lifetimes: { preferred: 4000, valid: 7000 },
  t1: undefined,
  t2: undefined,
  rapidCommit: true,
  preference: 0,
  dnsServers: [parseAddress('fc00:db8:1::1')],
  domainSearch: [parseName('bar.com')],
  solMaxRt: 3600,
  infMaxRt: 3600,
  informationRefreshTime: 86_400,
  domain: 'bar.com',
  quarantine: 3600,
  rates: { perClient: 100, perRelay: 10_000 },
  maximumLeases: 1000,
  maximumOffers: 100,
  offerPatience: 120,
};

export interface Sent {
  readonly interface?: string;
  readonly unicast?: boolean;
  readonly relays?: readonly Partial<RelayedMessage>[];
}

export class Site {
  readonly book = new MemoryBook();
  server: DhcpServer;
  now = START;
  readonly #settings: DhcpSettings;

  constructor(changed: Partial<DhcpSettings> = {}) {
    this.#settings = { ...settings, ...changed };
    this.server = new DhcpServer(SERVER_DUID, this.#settings, this.book);
  }

  /** Only the book is left of what was, and the clock may say anything. */
  restart(now: number): void {
    this.server = new DhcpServer(SERVER_DUID, this.#settings, this.book);
    this.now = now;
  }

  /** What the server makes of a message; nothing is recorded. */
  handle(
    message: ClientMessage,
    { interface: name = 'lan0', unicast = false, relays = [] }: Sent = {},
  ): Outcome {
    const bytes = relays.reduceRight(
      (inner, relay, index) =>
        encodeDhcp({
          type: 'RelayForward',
          hopCount: relays.length - 1 - index,
          linkAddress: new Uint8Array(16),
          peerAddress: parseAddress('fe80::9'),
          ...relay,
          options: [...(relay.options ?? []), { type: 'RelayMessage', message: inner }],
        }),
      encodeDhcp(message),
    );
    const source = parseAddress(relays.length > 0 ? 'fc00:db8:1:2::fe' : 'fe80::9');
    return this.server.handle({ bytes, interface: name, source, multicast: !unicast }, this.now);
  }

  /** The answer once it is recorded, or undefined. */
  exchange(message: ClientMessage, sent?: Sent): ClientMessage | undefined {
    const bytes = this.answer(this.handle(message, sent));
    return bytes && unwrap(bytes);
  }

  answer(outcome: Outcome): Uint8Array | undefined {
    if (outcome.kind === 'discard') return undefined;
    if (outcome.kind === 'record') {
      this.book.apply(outcome.changes);
      this.server.recorded(outcome);
    }
    return outcome.message;
  }

  /** Why a message is not answered. */
  refused(message: ClientMessage, sent?: Sent): string {
    const outcome = this.handle(message, sent);
    return outcome.kind === 'discard' ? outcome.reason : outcome.kind;
  }
}

/** What the relay agents hand to the client. */
function unwrap(bytes: Uint8Array): ClientMessage {
  const message = decodeDhcp(bytes);
  return 'hopCount' in message ? unwrap(findOption(message.options, 'RelayMessage')!.message) : message;
}

export class Client {
  readonly duid: Uint8Array;
  #transaction = 1;

  constructor(number: number) {
    this.duid = Uint8Array.of(0, 3, 0, 1, 2, 0, number >>> 24, number >>> 16, number >>> 8, number);
  }

  message(type: ClientMessageName, ...options: Option[]): ClientMessage {
    const client: Option = { type: 'ClientIdentifier', duid: this.duid };
    return { type, transactionId: this.#transaction++ & 0xffffff, options: [client, ...options] };
  }

  /** With our server's identifier. */
  toServer(type: ClientMessageName, ...options: Option[]): ClientMessage {
    return this.message(type, { type: 'ServerIdentifier', duid: SERVER_DUID }, ...options);
  }

  /** Solicit and Request: a bound address, as text. */
  bind(site: Site, sent?: Sent, iaid = 1, ...options: Option[]): string {
    const advertised = site.exchange(this.message('Solicit', ia(iaid), ...options), sent);
    assert.equal(advertised?.type, 'Advertise');
    const reply = site.exchange(this.toServer('Request', ...associations(advertised), ...options), sent);
    assert.equal(reply?.type, 'Reply');
    return addresses(reply)[0]!;
  }
}

export const ia = (iaid: number, ...texts: string[]): IaNa => ({
  type: 'IaNa',
  iaid,
  t1: 0,
  t2: 0,
  options: texts.map((text) => lease(text)),
});

export const lease = (text: string): IaAddress => ({
  type: 'IaAddress',
  address: parseAddress(text),
  preferredLifetime: 0,
  validLifetime: 0,
  options: [],
});

export const associations = (message: ClientMessage): IaNa[] =>
  message.options.filter((option) => option.type === 'IaNa');

const leases = (message: ClientMessage | undefined): IaAddress[] =>
  associations(message!).flatMap(({ options }) => options.filter((option) => option.type === 'IaAddress'));

/** The addresses that a client may use by this answer. */
export const addresses = (message: ClientMessage | undefined): string[] =>
  leases(message)
    .filter(({ validLifetime }) => validLifetime > 0)
    .map(({ address }) => formatAddress(address));

/** Those that it may not use any more. */
export const withdrawn = (message: ClientMessage | undefined): string[] =>
  leases(message)
    .filter(({ validLifetime }) => validLifetime === 0)
    .map(({ address }) => formatAddress(address));

/** Status code of a message, and that of each of its IAs. */
export const statusOf = (options: readonly Option[] | undefined): number | undefined =>
  findOption(options!, 'StatusCode')?.code;
export const iaStatuses = (message: ClientMessage | undefined): (number | undefined)[] =>
  associations(message!).map(({ options }) => statusOf(options));
