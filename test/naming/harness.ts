/** The DNS ALG under virtual time: queries in, effects out. Messages are made and read by dns-packet. */
import assert from 'node:assert/strict';
import dnsPacket from 'dns-packet';
import { DnsAlg } from '../../control/naming/dns-alg.ts';
import type { DnsEffect } from '../../control/naming/effect.ts';
import type { Endpoint, Resolver, Transport } from '../../control/naming/lookup.ts';
import type { DnsAlgSettings } from '../../control/naming/settings.ts';
import { withId } from '../../control/wire/dns/header.ts';
import { nameKey, parseName } from '../../control/wire/dns/name.ts';
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';

export type Effect<K extends DnsEffect['kind']> = Extract<DnsEffect, { kind: K }>;

/** A record as dns-packet takes it; types it has no name for are `UNKNOWN_n`. */
export interface Fields {
  readonly type: string;
  readonly name: string;
  readonly ttl?: number;
  readonly data?: unknown;
  readonly flags?: number;
  readonly udpPayloadSize?: number;
  readonly extendedRcode?: number;
  readonly ednsVersion?: number;
}

export interface Message {
  readonly id?: number;
  readonly flags?: number;
  readonly questions?: readonly { type: string; name: string; class?: string }[];
  readonly answers?: readonly Fields[];
  readonly authorities?: readonly Fields[];
  readonly additionals?: readonly Fields[];
}

export const ULID_TYPE = 'UNKNOWN_65280';
export const AUTHENTIC = 0x20;
export const DISABLED = 0x10;
export const RECURSION = 0x100;
export const TRUNCATED = 0x200;
/** QR, RD, RA. */
export const ANSWERED = 0x180;

export const opt = (dnssecOk = false, udpPayloadSize = 1232): Fields => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize,
  flags: dnssecOk ? 0x8000 : 0,
});
export const ulid = (name: string, address: string, ttl = 300): Fields => ({
  type: ULID_TYPE,
  name,
  ttl,
  data: Buffer.from(parseAddress(address)),
});
export const aaaa = (name: string, data: string, ttl = 300): Fields => ({ type: 'AAAA', name, ttl, data });
export const cname = (name: string, data: string, ttl = 300): Fields => ({ type: 'CNAME', name, ttl, data });
export const soa = (name: string): Fields => ({
  type: 'SOA',
  name,
  ttl: 60,
  data: {
    mname: `ns.${name}`,
    rname: `host.${name}`,
    serial: 1,
    refresh: 2,
    retry: 3,
    expire: 4,
    minimum: 5,
  },
});

export const encode = (message: Message, type: 'query' | 'response' = 'query'): Buffer =>
  dnsPacket.encode({ id: 0, flags: RECURSION, ...message, type } as unknown as dnsPacket.Packet);
/** With `rcode`, which the declarations of dns-packet forget. */
export type Decoded = dnsPacket.DecodedPacket & { readonly rcode: string };
export const decode = (message: Uint8Array): Decoded => dnsPacket.decode(Buffer.from(message)) as Decoded;

export const question = (type: string, name: string, more: Message = {}): Buffer =>
  encode({ id: 0x1234, questions: [{ type, name }], ...more });

export const endpoint = (address: string, port: number): Endpoint => ({
  address: parseAddress(address),
  port,
});
export const HOST = endpoint('fc00:db8:1::1', 40000);
export const RESOLVERS = [endpoint('2001:db8::53', 53), endpoint('2001:db8::54', 53)];

/** xorshift32: the same run every time. */
export function seededRandom(seed: number): (length: number) => Uint8Array {
  let state = seed;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    });
}

export class Scene {
  readonly alg: DnsAlg;
  now = 0;
  readonly #own: Map<string, Address>;

  constructor(
    settings: Partial<DnsAlgSettings> = {},
    resolvers: readonly Resolver[] = RESOLVERS,
    ownHosts: Readonly<Record<string, string>> = {},
  ) {
    this.#own = new Map(
      Object.entries(ownHosts).map(([name, address]) => [nameKey(parseName(name)), parseAddress(address)]),
    );
    const ownHost = (key: string) => this.#own.get(key);
    this.alg = new DnsAlg({ random: seededRandom(1), resolvers, ownHost, settings });
  }

  /** A host of the site comes, changes its CMULA, or goes. */
  setOwn(name: string, address: string | undefined): void {
    const key = nameKey(parseName(name));
    if (address === undefined) this.#own.delete(key);
    else this.#own.set(key, parseAddress(address));
  }

  effects(): DnsEffect[] {
    const effects: DnsEffect[] = [];
    for (let effect = this.alg.pollEffect(); effect; effect = this.alg.pollEffect()) effects.push(effect);
    return effects;
  }

  ask(message: Uint8Array, transport: Transport = 'udp', client = HOST): Effect<'query-upstream'>[] {
    this.alg.handleQuery(this.now, { client, transport, token: 7, message });
    return only(this.effects(), 'query-upstream');
  }

  /** The resolver answers `query`; the message gets the query's ID. */
  reply(query: Effect<'query-upstream'>, message: Uint8Array): DnsEffect[] {
    const answer = withId(message, (query.message[0]! << 8) | query.message[1]!);
    this.alg.handleUpstream(this.now, { query: query.query, resolver: query.resolver, message: answer });
    return this.effects();
  }

  advance(milliseconds: number): DnsEffect[] {
    this.now += milliseconds;
    this.alg.handleTimeout(this.now);
    return this.effects();
  }

  /** Nothing is left under way but probes of resolvers that are down. */
  assertIdle(): void {
    const down = this.alg.resolvers.filter(({ state }) => state === 'down').length;
    assert.equal(this.alg.inFlight, 0);
    assert.equal(this.alg.searching, 0);
    assert.ok(this.alg.upstreamInFlight <= down);
    if (down === 0) assert.equal(this.alg.nextTimeout(), undefined);
  }
}

export const only = <K extends DnsEffect['kind']>(effects: readonly DnsEffect[], kind: K): Effect<K>[] =>
  effects.filter((effect): effect is Effect<K> => effect.kind === kind);

/** The one answer among the effects. */
export function answerIn(effects: readonly DnsEffect[]): Uint8Array {
  const answers = only(effects, 'answer');
  assert.equal(answers.length, 1, `answers among ${effects.map((effect) => effect.kind)}`);
  return answers[0]!.message;
}

/** An answer of the resolver to the question in `query`. */
export const response = (query: Effect<'query-upstream'>, message: Message = {}): Buffer =>
  encode(
    {
      flags: ANSWERED,
      questions: decode(query.message).questions as Message['questions'] & object,
      ...message,
    },
    'response',
  );
