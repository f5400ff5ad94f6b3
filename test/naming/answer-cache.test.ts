import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import {
  ANSWERED,
  AUTHENTIC,
  aaaa,
  answerIn,
  cname,
  DISABLED,
  decode,
  type Fields,
  HOST,
  type Message,
  only,
  opt,
  question,
  RECURSION,
  response,
  Scene,
  soa,
  TRUNCATED,
  ulid,
} from './harness.ts';

const NAME = 'h2.foo.com';
const CMULA = 'fc00:db8:2::1';
const LOCATOR = '2001:db8:21::1';
const AUTHORITATIVE = 0x400;
const txt = (name: string, ttl: number): Fields => ({ type: 'TXT', name, ttl, data: 'x' });

/** Asks, and has the resolver say that. The answer. */
function settle(scene: Scene, query: Uint8Array, main: Message, ulids: Message = {}): Uint8Array {
  const [first, second] = scene.ask(query);
  if (second !== undefined) scene.reply(second, response(second, ulids));
  return answerIn(scene.reply(first!, response(first!, main)));
}

/** The answer without the resolver; undefined if that was asked. */
function fromMemory(scene: Scene, query: Uint8Array, client = HOST): Uint8Array | undefined {
  scene.alg.handleQuery(scene.now, { client, transport: 'udp', token: 9, message: query });
  const effects = scene.effects();
  return only(effects, 'query-upstream').length > 0 ? undefined : answerIn(effects);
}

const ttls = (message: Uint8Array): unknown[] =>
  [...(decode(message).answers ?? []), ...(decode(message).authorities ?? [])].map(
    (record) => 'ttl' in record && record.ttl,
  );

describe('an answer that was given', () => {
  it('comes again, the same octets but ID, the question’s letters and TTLs, until the smallest TTL has run', () => {
    const scene = new Scene();
    const main = { answers: [txt(NAME, 100)], authorities: [txt('foo.com', 60)], additionals: [opt()] };
    const edns = { additionals: [opt()] };
    const first = settle(scene, question('TXT', NAME, edns), main);
    const again = fromMemory(scene, question('TXT', NAME, { ...edns, id: 0x4321 }))!;
    assert.deepEqual(Buffer.from(again.subarray(2)), Buffer.from(first.subarray(2)));
    assert.equal(decode(again).id, 0x4321);
    scene.now += 59_999;
    const later = fromMemory(scene, question('TXT', NAME.toUpperCase(), edns))!;
    assert.equal(decode(later).questions![0]!.name, 'H2.FOO.COM');
    assert.deepEqual(ttls(later), [41, 1]);
    scene.now += 1;
    assert.equal(fromMemory(scene, question('TXT', NAME, edns)), undefined);
    assert.equal(scene.alg.counters.fromCache, 2);
  });

  it('is not authoritative the second time', () => {
    const scene = new Scene();
    const first = settle(scene, question('TXT', NAME), {
      flags: ANSWERED | AUTHORITATIVE | AUTHENTIC,
      answers: [txt(NAME, 60)],
    });
    assert.equal(decode(first).flag_aa, true);
    const again = decode(fromMemory(scene, question('TXT', NAME))!);
    assert.deepEqual([again.flag_aa, again.flag_ad], [false, true]);
  });

  it('serves only queries that are alike: type, AD, CD, DO, UDP size and transport', () => {
    const scene = new Scene();
    settle(scene, question('TXT', NAME, { additionals: [opt()] }), { answers: [txt(NAME, 60)] });
    for (const [index, query] of [
      question('TXT', NAME),
      question('MX', NAME, { additionals: [opt()] }),
      question('TXT', `x.${NAME}`, { additionals: [opt()] }),
      question('TXT', NAME, { flags: RECURSION | DISABLED, additionals: [opt()] }),
      question('TXT', NAME, { flags: RECURSION | AUTHENTIC, additionals: [opt()] }),
      question('TXT', NAME, { additionals: [opt(true)] }),
      question('TXT', NAME, { additionals: [opt(false, 1400)] }),
    ].entries()) {
      query[0] = index + 2;
      assert.equal(fromMemory(scene, query), undefined, `query ${index}`);
    }
    assert.equal(scene.ask(question('TXT', NAME, { additionals: [opt()] }), 'tcp').length, 1);
    assert.notEqual(fromMemory(scene, question('TXT', NAME, { additionals: [opt()] })), undefined);
  });

  it('serves no query that is in any way peculiar, and is not kept from one', () => {
    const plain = question('TXT', NAME);
    const changed = (offset: number, value: number): Buffer => {
      const copy = Buffer.from(plain);
      copy[offset] = value;
      return copy;
    };
    const cookie = { ...opt(), options: [{ code: 10, data: Buffer.alloc(8) }] } as Fields;
    for (const query of [
      changed(2, 0x00), // no recursion desired
      changed(2, 0x21), // opcode
      changed(3, 0x40), // Z
      changed(plain.length - 1, 3), // class CH
      Buffer.concat([plain, Uint8Array.of(0)]),
      question('TXT', NAME, { additionals: [cookie] }),
      question('TXT', NAME, { additionals: [{ ...opt(), ednsVersion: 1 }] }),
      question('TXT', NAME, { additionals: [txt('x', 1)] }),
      question('TXT', NAME, { answers: [txt('x', 1)] }),
      question('ANY', NAME),
      question('PTR', '1.0.0.0.8.b.d.0.0.0.c.f.ip6.arpa'),
    ]) {
      const scene = new Scene();
      const [main] = scene.ask(query);
      const answer = Buffer.concat([query]);
      answer[2]! |= 0x80;
      scene.reply(main!, answer);
      assert.equal(scene.alg.kept, 0, query.toString('hex'));
    }
  });

  it('is not kept: TTL 0, truncated, failures, negative without SOA, options, other classes', () => {
    const cases: Message[] = [
      { answers: [txt(NAME, 0)] },
      { answers: [txt(NAME, 60)], authorities: [txt('foo.com', 0)] },
      { answers: [txt(NAME, 0x8000_0000)] },
      { flags: ANSWERED | TRUNCATED, answers: [txt(NAME, 60)] },
      { flags: ANSWERED | 2 },
      { flags: ANSWERED | 2, authorities: [soa('foo.com')] },
      { flags: ANSWERED | 5, answers: [txt(NAME, 60)] },
      { flags: ANSWERED | 3 },
      {},
      { authorities: [{ type: 'NS', name: 'foo.com', ttl: 60, data: 'ns.foo.com' }] },
      { authorities: [soa('bar.com')] },
      { answers: [cname(NAME, 'a.bar.com')], authorities: [soa('foo.com')] },
      { answers: [{ ...txt(NAME, 60), class: 'CH' } as Fields] },
      { answers: [txt(NAME, 60)], additionals: [{ ...opt(), extendedRcode: 1 }] },
      { answers: [txt(NAME, 60)], additionals: [opt(), opt()] },
      {
        answers: [txt(NAME, 60)],
        additionals: [{ ...opt(), options: [{ code: 15, data: Buffer.alloc(2) }] } as Fields],
      },
    ];
    for (const [index, main] of cases.entries()) {
      const scene = new Scene();
      settle(scene, question('TXT', NAME, { additionals: [opt()] }), main);
      assert.equal(scene.alg.kept, 0, `case ${index}`);
    }
  });

  it('is kept as long as the SOA says where there is nothing, three hours at most', () => {
    for (const flags of [ANSWERED, ANSWERED | 3]) {
      const scene = new Scene();
      settle(scene, question('TXT', NAME), { flags, authorities: [soa('foo.com')] });
      scene.now += 4999; // the SOA's minimum is 5, its TTL 60
      assert.deepEqual(ttls(fromMemory(scene, question('TXT', NAME))!), [56]);
      scene.now += 1;
      assert.equal(fromMemory(scene, question('TXT', NAME)), undefined);
    }
    const long = soa('foo.com');
    const scene = new Scene();
    const data = { ...(long.data as object), minimum: 1e6 };
    settle(scene, question('TXT', NAME), { authorities: [{ ...long, ttl: 1e6, data }] });
    scene.now += 10_800_000 - 1;
    assert.notEqual(fromMemory(scene, question('TXT', NAME)), undefined);
    scene.now += 1;
    assert.equal(fromMemory(scene, question('TXT', NAME)), undefined);
  });

  it('a day at most, and no longer than 4096 octets', () => {
    const scene = new Scene();
    settle(scene, question('TXT', NAME), { answers: [txt(NAME, 1e7)] });
    scene.now += 86_400_000 - 1;
    assert.notEqual(fromMemory(scene, question('TXT', NAME)), undefined);
    scene.now += 1;
    assert.equal(fromMemory(scene, question('TXT', NAME)), undefined);
    const large = { ...txt('big.foo.com', 60), data: Array(20).fill('x'.repeat(250)) };
    settle(scene, question('TXT', 'big.foo.com', { additionals: [opt(false, 8192)] }), { answers: [large] });
    assert.equal(
      fromMemory(scene, question('TXT', 'big.foo.com', { additionals: [opt(false, 8192)] })),
      undefined,
    );
  });

  it('answers nothing but its own question, whatever else the message holds', () => {
    const scene = new Scene();
    const poison = [txt('www.bank.com', 86_400), aaaa('www.bank.com', LOCATOR), ulid('www.bank.com', CMULA)];
    settle(scene, question('TXT', NAME), {
      answers: [txt(NAME, 60), ...poison],
      authorities: poison,
      additionals: poison,
    });
    assert.notEqual(fromMemory(scene, question('TXT', NAME)), undefined);
    for (const type of ['TXT', 'AAAA'])
      assert.equal(fromMemory(scene, question(type, 'www.bank.com')), undefined);
    assert.equal(scene.alg.locators.size, 0);
  });

  it('many are bounded, none are kept with capacity 0', () => {
    const scene = new Scene({ answerCacheCapacity: 16 });
    for (let name = 0; name < 100; name++) {
      settle(scene, question('TXT', `n${name}.foo.com`), { answers: [txt(`n${name}.foo.com`, 60)] });
    }
    assert.ok(scene.alg.kept > 0 && scene.alg.kept <= 16);
    const without = new Scene({ answerCacheCapacity: 0 });
    settle(without, question('TXT', NAME), { answers: [txt(NAME, 60)] });
    assert.equal(fromMemory(without, question('TXT', NAME)), undefined);
  });
});

describe('an answer that was rewritten', () => {
  const locators = { answers: [aaaa(NAME, LOCATOR, 100)] };
  const other = { ...HOST, address: Uint8Array.from(HOST.address).fill(9, 15) };

  it('comes again, and every host that is told starts a context', () => {
    const scene = new Scene();
    settle(scene, question('AAAA', NAME), locators, { answers: [ulid(NAME, CMULA, 80)] });
    scene.now += 30_000;
    scene.alg.handleQuery(scene.now, {
      client: other,
      transport: 'udp',
      token: 9,
      message: question('AAAA', NAME),
    });
    const effects = scene.effects();
    assert.deepEqual(ttls(answerIn(effects)), [50]);
    assert.deepEqual(
      only(effects, 'learned').map(({ host, ulid, locators, ttl, name }) => [
        ...[host, ulid, ...locators].map(formatAddress),
        ttl,
        name,
      ]),
      [[formatAddress(other.address), CMULA, LOCATOR, 50, NAME]],
    );
  });

  it('brings locators back that were pushed out meanwhile, and no others', () => {
    const scene = new Scene({ locatorCacheCapacity: 2 });
    settle(scene, question('AAAA', NAME), locators, { answers: [ulid(NAME, CMULA)] });
    for (const name of ['a', 'b', 'c']) {
      const answers = [ulid(name, `fc00::${name}`)];
      settle(scene, question('AAAA', name), { answers: [aaaa(name, LOCATOR)] }, { answers });
    }
    const [told] = only(scene.effects(), 'learned');
    assert.equal(told, undefined);
    const peer = Uint8Array.from([0xfc, 0, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert.equal(scene.alg.locators.lookup(scene.now, peer), undefined);
    assert.notEqual(fromMemory(scene, question('AAAA', NAME)), undefined);
    assert.deepEqual(scene.alg.locators.lookup(scene.now, peer)?.locators.map(formatAddress), [LOCATOR]);
  });

  it('lasts no longer than anything it was made from', () => {
    for (const [main, ulids, seconds] of [
      [locators, { answers: [ulid(NAME, CMULA, 40)] }, 40],
      [{ answers: [aaaa(NAME, LOCATOR, 30)] }, { answers: [ulid(NAME, CMULA, 40)] }, 30],
      [locators, { answers: [cname(NAME, 'a.foo.com', 20), ulid('a.foo.com', CMULA, 40)] }, 20], // unequal chains: passed
      [{ authorities: [soa('foo.com')] }, { answers: [ulid(NAME, CMULA, 40)] }, 5],
      [{}, { answers: [ulid(NAME, CMULA, 40)] }, 0],
      [locators, { authorities: [soa('foo.com')] }, 5], // passed, because there is no ULID
      [locators, {}, 0],
      [locators, { flags: ANSWERED | 2 }, 0],
      [{ answers: [aaaa(NAME, LOCATOR, 1000)] }, { answers: [ulid(NAME, CMULA, 1000)] }, 300],
    ] as const) {
      const scene = new Scene();
      settle(scene, question('AAAA', NAME), main as Message, ulids as Message);
      const query = question('AAAA', NAME);
      const until = scene.now + seconds * 1000;
      scene.now = Math.max(scene.now, until - 1);
      assert.equal(fromMemory(scene, query) !== undefined, seconds > 0, `${seconds} s`);
      if (seconds === 0) continue;
      scene.now = until;
      assert.equal(fromMemory(scene, query), undefined, `${seconds} s`);
    }
  });

  it('no longer than the negative answer for A', () => {
    const scene = new Scene();
    const a = { type: 'A', name: NAME, ttl: 100, data: '192.0.2.1' };
    settle(scene, question('AAAA', NAME, { id: 1 }), locators, { answers: [ulid(NAME, CMULA, 80)] });
    settle(scene, question('A', NAME, { id: 2 }), { answers: [a] });
    assert.equal(fromMemory(scene, question('A', NAME)), undefined, 'there is no SOA');
  });

  it('NXDOMAIN is kept whatever became of the ULID question', () => {
    const scene = new Scene();
    const [main] = scene.ask(question('AAAA', NAME));
    scene.reply(main!, response(main!, { flags: ANSWERED | 3, authorities: [soa('foo.com')] }));
    assert.notEqual(fromMemory(scene, question('AAAA', NAME)), undefined);
  });
});

describe('hosts of the site', () => {
  it('are never answered from memory: not under their name, nor under an alias', () => {
    const scene = new Scene();
    const alias = question('AAAA', 'www.bar.com');
    const answers = [cname('www.bar.com', 'h1.bar.com'), aaaa('h1.bar.com', LOCATOR)];
    const published = question('TXT', 'h1.bar.com');
    const none = { authorities: [soa('bar.com')] };
    settle(scene, alias, { answers }, none);
    settle(scene, published, { answers: [txt('h1.bar.com', 60)] });
    assert.notEqual(fromMemory(scene, alias), undefined);
    assert.notEqual(fromMemory(scene, published), undefined);
    scene.setOwn('h1.bar.com', 'fc00:db8:1::1');
    assert.equal(fromMemory(scene, alias), undefined, 'the host has come');
    assert.equal(fromMemory(scene, published), undefined);
    scene.advance(5000);
    const told = (): unknown => {
      const message = settle(scene, question('AAAA', 'www.bar.com', { id: 3 }), { answers }, none);
      return decode(message).answers!.map((record) => 'data' in record && record.data);
    };
    assert.deepEqual(told(), ['h1.bar.com', 'fc00:db8:1::1']);
    scene.setOwn('h1.bar.com', 'fc00:db8:1::2');
    assert.deepEqual(told(), ['h1.bar.com', 'fc00:db8:1::2']);
    scene.setOwn('h1.bar.com', undefined);
    assert.deepEqual(told(), ['h1.bar.com', LOCATOR]);
  });
});
