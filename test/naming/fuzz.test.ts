import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DnsEffect } from '../../control/naming/effect.ts';
import { withId } from '../../control/wire/dns/header.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  ANSWERED,
  aaaa,
  cname,
  decode,
  type Effect,
  endpoint,
  HOST,
  only,
  opt,
  question,
  RESOLVERS,
  response,
  Scene,
  seededRandom,
  soa,
  TRUNCATED,
  ulid,
} from './harness.ts';

const NAME = 'h2.foo.com';
const PEER = 'fc00:db8:2::1';
const ROUNDS = 20_000;

describe('any octets', () => {
  it('as queries and answers throw nothing, leave nothing, and are answered once or, transfers, more often', () => {
    const random = seededRandom(0x5eee);
    const number = (below: number): number => ((random(1)[0]! << 8) | random(1)[0]!) % below;
    const mutate = (message: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(message);
      if (number(3) > 0) return copy;
      for (let count = 1 + number(4); count > 0; count--) copy[number(copy.length)] = random(1)[0]!;
      return number(5) === 0 ? copy.subarray(0, number(copy.length + 1)) : copy;
    };
    const queries = [
      question('AAAA', NAME, { additionals: [opt()] }),
      question('A', NAME),
      question('UNKNOWN_65', NAME),
      question('AXFR', NAME),
      question('TXT', NAME, { additionals: [opt(true)] }),
      question('ANY', NAME),
      question('AAAA', 'h1.bar.com'),
      question('AAAA', 'www.bar.com', { additionals: [opt(true)] }),
    ];
    const answersTo = (query: Effect<'query-upstream'>): Buffer[] => [
      response(query, { answers: [aaaa(NAME, '2001:db8::1')], additionals: [opt()] }),
      response(query, { answers: [cname(NAME, 'a.foo.com'), aaaa('a.foo.com', '2001:db8::1')] }),
      response(query, { answers: [ulid(NAME, 'fc00:db8:2::1')], authorities: [soa('foo.com')] }),
      response(query, { answers: [cname(NAME, 'a.foo.com'), ulid('a.foo.com', 'fc00:db8:2::1')] }),
      response(query, { flags: ANSWERED | TRUNCATED }),
      response(query, { flags: ANSWERED | 3, authorities: [soa('foo.com')] }),
      response(query, { answers: [cname(NAME, 'h1.bar.com'), aaaa('h1.bar.com', '2001:db8::1')] }),
      response(query, {
        answers: [{ type: 'PTR', name: decode(query.message).questions![0]!.name, ttl: 9, data: NAME }],
        additionals: number(2) === 0 ? [] : [ulid(NAME, PEER), aaaa(NAME, '2001:db8::1')],
      }),
      response(query, {
        answers: [
          {
            type: 'UNKNOWN_65',
            name: NAME,
            ttl: 9,
            data: Buffer.from('00010000040004c000020100060000', 'hex'),
          },
        ],
      }),
    ];
    const limits = {
      maxInFlight: 50,
      maxInFlightPerClient: 20,
      locatorCacheCapacity: 8,
      ulidCacheCapacity: 8,
      answerCacheCapacity: 8,
      maxSearches: 10,
      notFoundCapacity: 8,
      notFoundTtlMax: 1,
      notFoundTtlFailed: 1,
    };
    const overTls = { ...endpoint('2001:db8::55', 853), tls: { name: 'dns' } };
    const scene = new Scene(limits, [...RESOLVERS, overTls], { 'h1.bar.com': 'fc00:db8:1::1' });
    const searched: number[] = [0, 0, 0];
    const open = new Map<number, Effect<'query-upstream'>>();
    const answered = new Map<number, number>();
    const absorb = (effects: readonly DnsEffect[]): void => {
      for (const effect of effects) {
        if (effect.kind === 'query-upstream') open.set(effect.query, effect);
        else if (effect.kind === 'cancel-upstream') assert.equal(open.delete(effect.query), true);
        else if (effect.kind === 'found') searched[0]! += effect.askers.length;
        else if (effect.kind === 'not-found') searched[1]! += effect.askers.length;
        else if (effect.kind === 'answer') answered.set(effect.token, (answered.get(effect.token) ?? 0) + 1);
      }
    };
    for (let round = 0; round < ROUNDS; round++) {
      const choice = number(11);
      if (choice < 3) {
        const message = number(8) === 0 ? random(number(80)) : mutate(queries[number(queries.length)]!);
        const host = Uint8Array.from(HOST.address).fill(number(3), 15);
        const client = { address: host, port: number(100) };
        const transport = number(3) === 0 ? 'tcp' : 'udp';
        scene.alg.handleQuery(scene.now, { client, transport, token: round, message });
      } else if (choice < 8) {
        const query = [...open.values()][number(open.size || 1)];
        if (query === undefined) continue;
        const { resolver, message: sent } = query;
        let choices: Buffer[];
        try {
          choices = answersTo(query);
        } catch {
          choices = [Buffer.from(sent)]; // a mutated query that dns-packet cannot take
        }
        const message = mutate(choices[number(choices.length)]!);
        const id = (sent[0]! << 8) | sent[1]!;
        const matching = message.length > 1 && number(10) > 0 ? withId(message, id) : message;
        scene.alg.handleUpstream(scene.now, { query: query.query, resolver, message: matching });
      } else if (choice === 8) {
        const query = [...open.keys()][number(open.size || 1)];
        if (query === undefined) continue;
        open.delete(query);
        scene.alg.handleUpstreamFailure(scene.now, query);
      } else if (choice === 9) {
        const peer = Uint8Array.from(parseAddress(PEER));
        peer[15] = number(4);
        const host = Uint8Array.from(HOST.address).fill(number(3), 15);
        if (scene.alg.search(scene.now, host, peer) === 'searching') searched[2]!++;
      } else {
        scene.now += number(100);
        scene.alg.handleTimeout(scene.now);
      }
      absorb(scene.effects());
      assert.ok(scene.alg.inFlight <= 50);
      assert.equal(scene.alg.upstreamInFlight, open.size);
      assert.ok(scene.alg.locators.size <= 8 && scene.alg.kept <= 8);
      assert.ok(scene.alg.searching <= 10);
    }
    absorb(scene.advance(60_000));
    scene.assertIdle();
    assert.ok(open.size <= 3, 'probes');
    const [found, notFound, begun] = searched;
    assert.ok(found! > 0 && notFound! > 5, `searches end both ways: ${searched}`);
    assert.ok(found! + notFound! <= begun!, 'nobody is told of a search twice');
    const { rewritten, passed, fromCache, serverFailures, upstreamMalformed } = scene.alg.counters;
    assert.ok(
      rewritten > 30 && fromCache > 30 && passed > 100 && serverFailures > 10 && upstreamMalformed > 10,
      'paths reached',
    );
    // Only zone transfers have several answers.
    assert.ok([...answered.values()].filter((count) => count > 1).length < answered.size / 5);
  });

  it('of every length up to 64 KiB are relayed', () => {
    const scene = new Scene();
    for (const length of [12, 13, 512, 4096, 65535]) {
      const message = new Uint8Array(length).fill(0x0c);
      message[2] = 0;
      const [query] = scene.ask(message);
      const answer = new Uint8Array(65535).fill(0xc0);
      answer[2] = 0x80;
      assert.equal(only(scene.reply(query!, answer), 'answer')[0]!.message.length, 65535);
    }
    scene.assertIdle();
  });
});
