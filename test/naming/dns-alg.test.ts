import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DnsAlg, DnsAlgError } from '../../control/naming/dns-alg.ts';
import { withId } from '../../control/wire/dns/header.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  ANSWERED,
  AUTHENTIC,
  aaaa,
  answerIn,
  cname,
  DISABLED,
  decode,
  encode,
  HOST,
  only,
  opt,
  question,
  RECURSION,
  RESOLVERS,
  response,
  Scene,
  soa,
  TRUNCATED,
  ULID_TYPE,
  ulid,
} from './harness.ts';

const NAME = 'h2.foo.com';
const CMULA = 'fc00:db8:2::1';
const LOCATORS = ['2001:db8:21::1', '2001:db8:22::1'];
const locators = LOCATORS.map((address) => aaaa(NAME, address, 120));
const summary = (records: readonly { type: string; name: string }[] = []) =>
  records.map((record) => {
    const { ttl, data } = record as { ttl?: number; data?: unknown };
    return [record.name, record.type, ttl, data];
  });

describe('AAAA of a name with a ULID', () => {
  it('asks AAAA as the client did and ULID, together, each under its own ID', () => {
    const scene = new Scene();
    const query = question('AAAA', NAME, { additionals: [opt()] });
    const [main, second, ...more] = scene.ask(query);
    assert.deepEqual(more, []);
    assert.deepEqual(Buffer.from(main!.message.subarray(2)), query.subarray(2));
    assert.deepEqual(decode(second!.message).questions, [{ name: NAME, type: ULID_TYPE, class: 'IN' }]);
    assert.notDeepEqual(main!.message.subarray(0, 2), second!.message.subarray(0, 2));
    assert.deepEqual([main!.transport, second!.transport], ['udp', 'udp']);
  });

  it('knows ULID records by the type that is set, and by no other', () => {
    const scene = new Scene({ ulidType: 65400 });
    const [main, second] = scene.ask(question('AAAA', NAME));
    assert.equal(decode(second!.message).questions?.[0]?.type, 'UNKNOWN_65400');
    scene.reply(main!, response(main!, { answers: locators }));
    const stray = ulid(NAME, 'fc00:db8:2::2');
    const answers = [stray, { ...ulid(NAME, CMULA), type: 'UNKNOWN_65400' }];
    const answer = decode(answerIn(scene.reply(second!, response(second!, { answers }))));
    assert.deepEqual(summary(answer.answers), [[NAME, 'AAAA', 120, CMULA]]);
  });

  it('answers the ULID alone, with the smallest TTL, once both are there in either order', () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const scene = new Scene();
      const queries = scene.ask(question('AAAA', NAME, { additionals: [opt()] }));
      const replies = [
        response(queries[0]!, { flags: ANSWERED | AUTHENTIC, answers: locators, additionals: [opt()] }),
        response(queries[1]!, { flags: ANSWERED | AUTHENTIC, answers: [ulid(NAME, CMULA, 200)] }),
      ];
      assert.deepEqual(only(scene.reply(queries[order[0]!]!, replies[order[0]!]!), 'answer'), []);
      const effects = scene.reply(queries[order[1]!]!, replies[order[1]!]!);
      const message = decode(answerIn(effects));
      assert.equal(message.id, 0x1234);
      assert.equal(message.flag_ad, false);
      assert.equal(message.rcode, 'NOERROR');
      assert.deepEqual(summary(message.answers), [[NAME, 'AAAA', 120, CMULA]]);
      assert.deepEqual(message.authorities, []);
      assert.equal(message.additionals?.length, 1);
      const [learned] = only(effects, 'learned');
      assert.deepEqual(learned?.host, HOST.address);
      assert.equal(formatAddress(learned!.ulid), CMULA);
      assert.deepEqual(learned!.locators.map(formatAddress), LOCATORS);
      assert.equal(learned!.ttl, 120);
      assert.equal(learned!.name, NAME);
      assert.equal(scene.alg.locators.lookup(scene.now, parseAddress(CMULA))?.expiry, 120_000);
      scene.assertIdle();
    }
  });

  it('keeps the chain of aliases and uses only what hangs on it', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', 'www.foo.com'));
    scene.reply(
      main!,
      response(main!, {
        answers: [
          cname('www.foo.com', 'Server.foo.com', 30),
          cname('server.foo.com', NAME, 40),
          ...locators,
          aaaa('victim.example', '2001:db8:bad::1', 1),
        ],
        additionals: [aaaa(NAME, '2001:db8:bad::2')],
      }),
    );
    const effects = scene.reply(
      second!,
      response(second!, {
        answers: [
          ulid('victim.example', 'fc00:bad::1'),
          cname('www.foo.com', 'server.foo.com', 20),
          cname('server.foo.com', NAME),
          ulid(NAME.toUpperCase(), CMULA),
        ],
        additionals: [ulid(NAME, 'fc00:bad::2')],
      }),
    );
    assert.deepEqual(summary(decode(answerIn(effects)).answers), [
      ['www.foo.com', 'CNAME', 30, 'Server.foo.com'],
      ['server.foo.com', 'CNAME', 40, NAME],
      [NAME, 'AAAA', 120, CMULA],
    ]);
    const [learned, ...others] = only(effects, 'learned');
    assert.deepEqual(others, []);
    assert.equal(learned!.name, 'www.foo.com');
    assert.equal(learned!.ttl, 30, 'the least for which locators are remembered');
    assert.deepEqual(learned!.locators.map(formatAddress), LOCATORS);
  });

  it('answers several ULIDs, each learned with the locators', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    scene.reply(main!, response(main!, { answers: locators }));
    const ulids = [CMULA, 'fc00:db8:2::2'];
    const effects = scene.reply(second!, response(second!, { answers: ulids.map((one) => ulid(NAME, one)) }));
    assert.deepEqual(
      decode(answerIn(effects)).answers?.map((record) => 'data' in record && record.data),
      ulids,
    );
    assert.deepEqual(
      only(effects, 'learned').map((learned) => formatAddress(learned.ulid)),
      ulids,
    );
  });

  it('answers the ULID of a name without locators, and learns nothing', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    scene.reply(main!, response(main!, { authorities: [soa('foo.com')] }));
    const effects = scene.reply(second!, response(second!, { answers: [ulid(NAME, CMULA)] }));
    assert.deepEqual(summary(decode(answerIn(effects)).answers), [[NAME, 'AAAA', 300, CMULA]]);
    assert.deepEqual(only(effects, 'learned'), []);
  });

  it('ignores ULIDs that are none and locators that cannot be', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    const unusable = ['::1', 'fe80::1', 'ff02::1', '::ffff:192.0.2.1', 'fd00::1'].map((one) =>
      aaaa(NAME, one),
    );
    scene.reply(main!, response(main!, { answers: [...unusable, ...locators] }));
    const effects = scene.reply(
      second!,
      response(second!, {
        answers: [
          ulid(NAME, '::1'),
          ulid(NAME, '2001:db8::1'),
          { type: ULID_TYPE, name: NAME, ttl: 300, data: Buffer.of(0xfc, 0) },
          ulid(NAME, CMULA),
        ],
      }),
    );
    assert.deepEqual(summary(decode(answerIn(effects)).answers), [[NAME, 'AAAA', 120, CMULA]]);
    assert.deepEqual(only(effects, 'learned')[0]!.locators.map(formatAddress), LOCATORS);
  });

  it('answers the ULID of a host that speaks SHIM6 itself: a routable address among its locators', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    scene.reply(main!, response(main!, { answers: locators }));
    const answers = [ulid(NAME, LOCATORS[1]!), ulid(NAME, '2001:db8:99::1')];
    const effects = scene.reply(second!, response(second!, { answers }));
    assert.deepEqual(summary(decode(answerIn(effects)).answers), [[NAME, 'AAAA', 120, LOCATORS[1]]]);
    assert.deepEqual(only(effects, 'learned')[0]!.locators.map(formatAddress), LOCATORS);
  });

  it('passes where the only ULID is a routable address that the name does not have', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    const message = response(main!, { answers: locators });
    scene.reply(main!, message);
    const effects = scene.reply(second!, response(second!, { answers: [ulid(NAME, '2001:db8:99::1')] }));
    assert.deepEqual(decode(answerIn(effects)).answers, decode(message).answers);
    assert.deepEqual(only(effects, 'learned'), []);
  });

  it('sets TC on what exceeds the UDP size of the client', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    scene.reply(main!, response(main!, { answers: locators }));
    const many = Array.from({ length: 16 }, (_, index) => ulid(NAME, `fc00:db8:2::${index + 1}`));
    const alias = (index: number) => `${String(index).repeat(40)}.foo.com`;
    assert.equal(decode(answerIn(scene.reply(second!, response(second!, { answers: many })))).flag_tc, false);
    const again = scene.ask(question('AAAA', alias(0)));
    const chain = [cname(alias(0), alias(1)), cname(alias(1), NAME)];
    scene.reply(again[0]!, response(again[0]!, { answers: [...chain, ...locators] }));
    const message = answerIn(scene.reply(again[1]!, response(again[1]!, { answers: [...chain, ...many] })));
    assert.ok(message.length <= 512);
    assert.equal(decode(message).flag_tc, true);
    assert.deepEqual(decode(message).answers, []);
  });

  it('fetches a truncated AAAA answer over TCP, but only if there is a ULID', () => {
    const scene = new Scene();
    const query = question('AAAA', NAME);
    const [main, second] = scene.ask(query);
    scene.reply(main!, response(main!, { flags: ANSWERED | TRUNCATED }));
    const [whole] = only(
      scene.reply(second!, response(second!, { answers: [ulid(NAME, CMULA)] })),
      'query-upstream',
    );
    assert.equal(whole!.transport, 'tcp');
    assert.deepEqual(Buffer.from(whole!.message.subarray(2)), query.subarray(2));
    const effects = scene.reply(whole!, response(whole!, { answers: locators }));
    assert.deepEqual(summary(decode(answerIn(effects)).answers), [[NAME, 'AAAA', 120, CMULA]]);
    scene.assertIdle();

    const [other, none] = scene.ask(question('AAAA', 'other.foo.com'));
    const truncated = response(other!, { flags: ANSWERED | TRUNCATED, answers: [locators[0]!] });
    scene.reply(other!, truncated);
    const passed = answerIn(scene.reply(none!, response(none!)));
    assert.deepEqual(Buffer.from(passed), Buffer.from(withId(truncated, 0x1234)));
    scene.assertIdle();
  });

  it('fetches a truncated ULID answer over TCP, beyond the grace if that ends meanwhile', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    scene.reply(main!, response(main!, { flags: ANSWERED | TRUNCATED }));
    const [whole] = only(
      scene.reply(second!, response(second!, { flags: ANSWERED | TRUNCATED })),
      'query-upstream',
    );
    assert.equal(whole!.transport, 'tcp');
    scene.now += 1000;
    const [rest] = only(
      scene.reply(whole!, response(whole!, { answers: [ulid(NAME, CMULA)] })),
      'query-upstream',
    );
    assert.deepEqual(only(scene.advance(300), 'answer'), []);
    const effects = scene.reply(rest!, response(rest!, { answers: locators }));
    assert.deepEqual(summary(decode(answerIn(effects)).answers), [[NAME, 'AAAA', 120, CMULA]]);
    scene.assertIdle();
  });

  it('keeps octets in names that text cannot carry', () => {
    const scene = new Scene();
    // "a.b" as one label, then one octet 255.
    const raw = Buffer.from('12340100000100000000000003612e6201ff00001c0001', 'hex');
    const [main, second] = scene.ask(raw);
    const owner = 'c00c';
    const records = (type: string, address: string) =>
      `${owner}${type}000100000078 0010${Buffer.from(parseAddress(address)).toString('hex')}`.replaceAll(
        ' ',
        '',
      );
    const reply = (query: Uint8Array, record: string): Buffer => {
      const hex = Buffer.from(query.subarray(4, 23))
        .toString('hex')
        .slice(4 * 4);
      return Buffer.from(`00008180${'0001000100000000'}${hex}${record}`, 'hex');
    };
    scene.reply(main!, reply(main!.message, records('001c', LOCATORS[0]!)));
    const effects = scene.reply(second!, reply(second!.message, records('ff00', CMULA)));
    assert.equal(
      Buffer.from(answerIn(effects)).toString('hex'),
      `12348180000100010000000003612e6201ff00001c0001${records('001c', CMULA)}`,
    );
    assert.equal(only(effects, 'learned')[0]!.name, 'a\\.b.\\255');
  });
});

describe('names without a ULID, and failures', () => {
  it('relays the resolver’s octets', () => {
    for (const none of [{}, { flags: ANSWERED | 3 }, { flags: ANSWERED | 2 }, { flags: ANSWERED | 5 }]) {
      const scene = new Scene();
      const [main, second] = scene.ask(question('AAAA', NAME, { additionals: [opt()] }));
      const original = response(main!, {
        flags: ANSWERED | AUTHENTIC,
        answers: locators,
        additionals: [opt()],
      });
      scene.reply(main!, original);
      const effects = scene.reply(second!, response(second!, none));
      assert.deepEqual(Buffer.from(answerIn(effects)), Buffer.from(withId(original, 0x1234)));
      assert.deepEqual(only(effects, 'learned'), []);
      scene.assertIdle();
    }
  });

  it('relays an error at once, whatever the ULID answer would be', () => {
    for (const rcode of [2, 3, 5]) {
      const scene = new Scene();
      const [main] = scene.ask(question('AAAA', NAME));
      const original = response(main!, { flags: ANSWERED | rcode, authorities: [soa('foo.com')] });
      assert.deepEqual(
        Buffer.from(answerIn(scene.reply(main!, original))),
        Buffer.from(withId(original, 0x1234)),
      );
      scene.assertIdle();
    }
  });

  it('waits a bounded while for the ULID, then relays', () => {
    const scene = new Scene();
    const [main] = scene.ask(question('AAAA', NAME));
    scene.now += 50;
    const original = response(main!, { answers: locators });
    assert.deepEqual(only(scene.reply(main!, original), 'answer'), []);
    assert.deepEqual(only(scene.advance(1199), 'answer'), []);
    assert.deepEqual(Buffer.from(answerIn(scene.advance(1))), Buffer.from(withId(original, 0x1234)));
    assert.equal(scene.alg.counters.ulidMissed, 1);
    scene.assertIdle();
  });

  it('asks the next resolver, then answers SERVFAIL at the deadline', () => {
    const scene = new Scene({ probeInterval: 10_000 });
    const first = scene.ask(question('TXT', NAME, { additionals: [opt(true)] }));
    assert.deepEqual(first[0]!.resolver, RESOLVERS[0]);
    const [second] = only(scene.advance(800), 'query-upstream');
    assert.deepEqual(second!.resolver, RESOLVERS[1]);
    assert.notDeepEqual(second!.message.subarray(0, 2), first[0]!.message.subarray(0, 2));
    assert.equal(only(scene.advance(800), 'query-upstream').length, 1);
    assert.equal(only(scene.advance(800), 'query-upstream').length, 1);
    assert.deepEqual(scene.advance(800), []);
    const message = decode(answerIn(scene.advance(1300)));
    assert.equal(message.rcode, 'SERVFAIL');
    assert.equal(message.questions?.[0]?.name, NAME);
    assert.equal(message.additionals?.length, 1);
    scene.assertIdle();
  });

  it('takes the answer of an earlier attempt', () => {
    const scene = new Scene();
    const [first] = scene.ask(question('TXT', NAME));
    scene.advance(800);
    assert.equal(decode(answerIn(scene.reply(first!, response(first!)))).rcode, 'NOERROR');
    scene.advance(1000);
    scene.assertIdle();
  });

  it('goes on at once when a socket fails, and gives up when all have', () => {
    const scene = new Scene({ maxAttempts: 2 });
    const [first] = scene.ask(question('TXT', NAME));
    scene.alg.handleUpstreamFailure(scene.now, first!.query);
    const [second] = only(scene.effects(), 'query-upstream');
    assert.deepEqual(second!.resolver, RESOLVERS[1]);
    scene.alg.handleUpstreamFailure(scene.now, second!.query);
    assert.equal(decode(answerIn(scene.effects())).rcode, 'SERVFAIL');
    scene.assertIdle();
  });

  it('answers SERVFAIL where there is a ULID but the AAAA answer cannot be read', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    scene.reply(main!, response(main!, { answers: [cname(NAME, 'a.foo.com'), cname('a.foo.com', NAME)] }));
    const effects = scene.reply(second!, response(second!, { answers: [ulid(NAME, CMULA)] }));
    assert.equal(decode(answerIn(effects)).rcode, 'SERVFAIL');
    scene.assertIdle();
  });

  it('does not marry a ULID and locators at the ends of different chains', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', 'www.foo.com'));
    const original = response(main!, {
      answers: [cname('www.foo.com', 'a.foo.com'), aaaa('a.foo.com', LOCATORS[0]!)],
    });
    scene.reply(main!, original);
    const other = response(second!, {
      answers: [cname('www.foo.com', 'b.foo.com'), ulid('b.foo.com', CMULA)],
    });
    assert.deepEqual(
      Buffer.from(answerIn(scene.reply(second!, other))),
      Buffer.from(withId(original, 0x1234)),
    );
    assert.equal(scene.alg.counters.chainMismatched, 1);
  });

  it('refuses to exist without a resolver', () => {
    assert.throws(() => new DnsAlg({ random: () => new Uint8Array(2), resolvers: [] }), DnsAlgError);
  });
});

describe('A of a name with a ULID', () => {
  const a = { type: 'A', name: NAME, ttl: 60, data: '192.0.2.1' };

  it('is NODATA, with the SOA of either answer', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('A', NAME));
    scene.reply(main!, response(main!, { answers: [a] }));
    const effects = scene.reply(
      second!,
      response(second!, { answers: [ulid(NAME, CMULA)], authorities: [soa('bar.com'), soa('foo.com')] }),
    );
    const message = decode(answerIn(effects));
    assert.equal(message.rcode, 'NOERROR');
    assert.deepEqual(message.answers, []);
    assert.deepEqual(
      summary(message.authorities).map(([name, type]) => [name, type]),
      [['foo.com', 'SOA']],
    );
    assert.deepEqual(only(effects, 'learned'), []);
  });

  it('passes where there is no ULID', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('A', NAME));
    const original = response(main!, { answers: [a] });
    scene.reply(main!, original);
    const effects = scene.reply(second!, response(second!));
    assert.deepEqual(Buffer.from(answerIn(effects)), Buffer.from(withId(original, 0x1234)));
  });
});

describe('HTTPS of a name with a ULID', () => {
  const parameter = (key: number, value: Buffer) =>
    Buffer.concat([Buffer.of(0, key, 0, value.length), value]);
  const alpn = parameter(1, Buffer.from('\x02h2'));
  const hints = [parameter(4, Buffer.alloc(4)), parameter(6, Buffer.from(parseAddress(LOCATORS[0]!)))];
  const https = (...parts: Buffer[]) => ({
    type: 'UNKNOWN_65',
    name: NAME,
    ttl: 60,
    data: Buffer.concat([Buffer.of(0, 1, 0), ...parts]),
  });

  it('has no address hints', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('UNKNOWN_65', NAME));
    const mandatory = parameter(0, Buffer.of(0, 1, 0, 6));
    scene.reply(
      main!,
      response(main!, { answers: [https(mandatory, alpn, ...hints)], additionals: locators }),
    );
    const message = decode(
      answerIn(scene.reply(second!, response(second!, { answers: [ulid(NAME, CMULA)] }))),
    );
    assert.deepEqual(summary(message.answers), [
      [NAME, 'UNKNOWN_65', 60, https(parameter(0, Buffer.of(0, 1)), alpn).data],
    ]);
    assert.deepEqual(message.additionals, []);
  });
});

describe('what passes', () => {
  const pass: [string, Buffer][] = [
    ['another type', question('MX', NAME)],
    ['ANY, DO and CD', question('ANY', NAME, { flags: RECURSION | DISABLED, additionals: [opt(true)] })],
    ['the ULID type itself', question(ULID_TYPE, NAME)],
    ['PTR of a CMULA', question('PTR', '1.0.c.f.ip6.arpa')],
    ['another class', encode({ questions: [{ type: 'AAAA', name: NAME, class: 'CH' }] })],
    ['another opcode', question('AAAA', NAME, { flags: 4 << 11 })],
    ['DO and CD', question('AAAA', NAME, { flags: RECURSION | DISABLED, additionals: [opt(true)] })],
    [
      'a signed query',
      question('AAAA', NAME, { additionals: [opt(), { type: 'TSIG', name: 'key', data: Buffer.alloc(16) }] }),
    ],
    ['octets behind the end', Buffer.concat([question('AAAA', NAME), Buffer.alloc(3)])],
    [
      'two questions',
      encode({
        questions: [
          { type: 'AAAA', name: NAME },
          { type: 'A', name: NAME },
        ],
      }),
    ],
    ['no question', encode({})],
    ['a compression loop', Buffer.from('00010100000100000000 0000c00c001c0001'.replace(' ', ''), 'hex')],
    ['a header alone', Buffer.from('000101000001000000000000', 'hex')],
  ];
  for (const [what, query] of pass) {
    it(`${what}: byte for byte but the ID, both ways`, () => {
      const scene = new Scene();
      const [main, ...more] = scene.ask(query);
      assert.deepEqual(more, []);
      assert.deepEqual(Buffer.from(main!.message.subarray(2)), query.subarray(2));
      const answer = Buffer.concat([query, Buffer.from('trailing, never looked at')]);
      answer[2]! |= 0x80;
      assert.deepEqual(
        Buffer.from(answerIn(scene.reply(main!, answer))),
        Buffer.from(withId(answer, query.readUInt16BE())),
      );
      scene.assertIdle();
    });
  }

  it('DO alone and CD alone are rewritten', () => {
    for (const more of [{ additionals: [opt(true)] }, { flags: RECURSION | DISABLED }]) {
      assert.equal(new Scene().ask(question('AAAA', NAME, more)).length, 2);
    }
  });

  it('a zone transfer over TCP: every message until the resolver closes', () => {
    const scene = new Scene();
    const [main] = scene.ask(question('AXFR', NAME), 'tcp');
    assert.equal(main!.transport, 'tcp');
    for (let part = 0; part < 3; part++) assert.ok(answerIn(scene.reply(main!, response(main!))));
    scene.alg.handleUpstreamFailure(scene.now, main!.query);
    assert.deepEqual(only(scene.effects(), 'answer'), []);
    scene.assertIdle();
  });
});

describe('forged answers', () => {
  it('are counted and ignored: wrong ID, port, resolver, question, direction, query', () => {
    const scene = new Scene();
    const [main] = scene.ask(question('TXT', NAME));
    const id = (main!.message[0]! << 8) | main!.message[1]!;
    const good = withId(response(main!), id);
    const { query, resolver } = main!;
    const forged = [
      { query, resolver, message: withId(good, id ^ 1) },
      { query, resolver: { ...resolver, port: 54 }, message: good },
      { query, resolver: RESOLVERS[1]!, message: good },
      { query, resolver, message: withId(response(main!, { questions: [{ type: 'A', name: NAME }] }), id) },
      { query, resolver, message: withId(response(main!, { questions: [] }), id) },
      { query, resolver, message: main!.message },
      { query, resolver, message: good.subarray(0, 11) },
    ];
    for (const input of forged) scene.alg.handleUpstream(scene.now, input);
    assert.equal(scene.alg.counters.upstreamMismatched, forged.length);
    scene.alg.handleUpstream(scene.now, { query: query + 1, resolver, message: good });
    assert.equal(scene.alg.counters.upstreamLate, 1);
    assert.deepEqual(scene.effects(), []);
    assert.equal(only(scene.reply(main!, good), 'answer').length, 1);
  });

  it('an error without question is an answer: the resolver could not read the query', () => {
    const scene = new Scene();
    const [main] = scene.ask(question('TXT', NAME));
    const effects = scene.reply(main!, response(main!, { flags: ANSWERED | 1, questions: [] }));
    assert.equal(decode(answerIn(effects)).rcode, 'FORMERR');
  });
});

describe('limits', () => {
  it('drops copies of a UDP query under way', () => {
    const scene = new Scene();
    const query = question('TXT', NAME);
    assert.equal(scene.ask(query).length, 1);
    assert.equal(scene.ask(query).length, 0);
    assert.equal(scene.alg.counters.duplicates, 1);
    assert.equal(scene.ask(query, 'udp', { ...HOST, port: 40001 }).length, 0);
    assert.deepEqual([scene.alg.counters.duplicates, scene.alg.counters.joined], [1, 1]);
    assert.equal(scene.ask(query, 'tcp').length, 1);
  });

  it('bounds queries per client and in all, and has room again afterwards', () => {
    const scene = new Scene({ maxInFlight: 3, maxInFlightPerClient: 2 });
    const other = { ...HOST, address: parseAddress('fc00:db8:1::2') };
    const ask = (id: number, client = HOST, transport: 'udp' | 'tcp' = 'udp') =>
      scene.ask(question('TXT', `n${id}.foo.com`, { id }), transport, client);
    const [first] = ask(1);
    assert.deepEqual(
      [ask(2), ask(3), ask(4, other), ask(5, other)].map((queries) => queries.length),
      [1, 0, 1, 0],
    );
    assert.equal(scene.alg.counters.refusedPerClient, 1);
    assert.equal(scene.alg.counters.refusedInFlight, 1);
    scene.alg.handleQuery(0, { client: other, transport: 'tcp', token: 0, message: question('TXT', NAME) });
    assert.equal(decode(answerIn(scene.effects())).rcode, 'SERVFAIL');
    scene.reply(first!, response(first!));
    assert.equal(ask(6).length, 1);
    scene.advance(5000);
    scene.assertIdle();
  });

  it('bounds the octets held', () => {
    const scene = new Scene({ maxInFlightOctets: 100 });
    assert.equal(scene.ask(Buffer.concat([question('TXT', NAME), Buffer.alloc(80)])).length, 0);
    assert.equal(scene.ask(question('TXT', NAME)).length, 1);
  });
});
