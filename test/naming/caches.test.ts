import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Budget } from '../../control/naming/budget.ts';
import { LocatorCache } from '../../control/naming/locator-cache.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  ANSWERED,
  aaaa,
  answerIn,
  DISABLED,
  decode,
  only,
  opt,
  question,
  RECURSION,
  response,
  Scene,
  soa,
  ulid,
} from './harness.ts';

const NAME = 'h2.foo.com';
const CMULA = 'fc00:db8:2::1';
const LOCATOR = '2001:db8:21::1';

describe('what is known of ULIDs', () => {
  it('no name can take away what another said: locators of both are tried', () => {
    const cache = new LocatorCache(8);
    const peer = parseAddress(CMULA);
    cache.learn(0, peer, [parseAddress(LOCATOR), parseAddress('2001:db8:22::1')], NAME, 60);
    cache.learn(0, peer, [parseAddress('2001:db8:bad::1')], 'evil.example', 3600);
    assert.deepEqual(cache.lookup(1, peer)?.locators.map(formatAddress), [
      '2001:db8:bad::1',
      LOCATOR,
      '2001:db8:22::1',
    ]);
    assert.deepEqual(cache.lookup(60_000, peer)?.locators.map(formatAddress), ['2001:db8:bad::1']);
  });

  it('the same name’s latest word replaces its earlier one', () => {
    const cache = new LocatorCache(8);
    const peer = parseAddress(CMULA);
    cache.learn(0, peer, [parseAddress(LOCATOR)], NAME, 60);
    cache.learn(0, peer, [parseAddress('2001:db8:31::1')], NAME, 60);
    assert.deepEqual(cache.lookup(1, peer)?.locators.map(formatAddress), ['2001:db8:31::1']);
  });

  it('a thousand names for one ULID stay bounded', () => {
    const cache = new LocatorCache(8);
    for (let name = 0; name < 1000; name++) {
      cache.learn(0, parseAddress(CMULA), [parseAddress(`2001:db8::${name}`)], `n${name}`, 60);
    }
    assert.equal(cache.lookup(1, parseAddress(CMULA))?.locators.length, 4);
  });

  it('of a name with several ULIDs each is learned with the locators of its own interface identifier', () => {
    const scene = new Scene();
    const [main, second] = scene.ask(question('AAAA', NAME));
    const all = ['2001:db8:21::1', '2001:db8:21::2', '2001:db8:22::1', '2001:db8:99::99'];
    scene.reply(main!, response(main!, { answers: all.map((address) => aaaa(NAME, address)) }));
    const effects = scene.reply(
      second!,
      response(second!, { answers: ['fc00:db8:2::1', 'fc00:db8:2::2'].map((one) => ulid(NAME, one)) }),
    );
    assert.deepEqual(
      only(effects, 'learned').map(({ locators }) => locators.map(formatAddress)),
      [
        ['2001:db8:21::1', '2001:db8:22::1', '2001:db8:99::99'],
        ['2001:db8:21::2', '2001:db8:99::99'],
      ],
    );
  });
});

describe('what is known of names', () => {
  const settle = (scene: Scene, type: string, ulidAnswer: object, answers: object) => {
    const [main, second] = scene.ask(question(type, NAME));
    scene.reply(second!, response(second!, ulidAnswer));
    return scene.reply(main!, response(main!, answers));
  };
  const locators = { answers: [aaaa(NAME, LOCATOR, 300)] };

  it('A and HTTPS behind an AAAA query do not ask for the ULID again; its TTL runs on', () => {
    const scene = new Scene({ answerCacheCapacity: 0 });
    settle(scene, 'AAAA', { answers: [ulid(NAME, CMULA, 100)] }, locators);
    scene.now += 40_000;
    const [main, ...more] = scene.ask(question('AAAA', NAME.toUpperCase()));
    assert.deepEqual(more, []);
    const message = decode(answerIn(scene.reply(main!, response(main!, locators))));
    assert.deepEqual(
      message.answers?.map((record) => 'ttl' in record && record.ttl),
      [60],
    );
    scene.now += 60_000;
    assert.equal(scene.ask(question('AAAA', NAME)).length, 2);
  });

  it('that there is none is remembered as long as the SOA says, not at all without one', () => {
    const scene = new Scene();
    settle(scene, 'AAAA', { authorities: [soa('foo.com')] }, locators);
    assert.equal(scene.ask(question('A', NAME, { id: 2 })).length, 1);
    scene.now += 5000;
    assert.equal(scene.ask(question('A', NAME, { id: 3 })).length, 2);
    const other = new Scene();
    settle(other, 'AAAA', {}, locators);
    assert.equal(other.ask(question('A', NAME, { id: 2 })).length, 2);
  });

  it('failures are not remembered, nor what came with CD', () => {
    const scene = new Scene();
    settle(scene, 'AAAA', { flags: ANSWERED | 2 }, locators);
    assert.equal(scene.ask(question('AAAA', NAME, { id: 2 })).length, 2);
    const [, second] = scene.ask(question('AAAA', NAME, { id: 3, flags: RECURSION | DISABLED }));
    assert.equal(decode(second!.message).flag_cd, true);
    scene.reply(second!, response(second!, { answers: [ulid(NAME, 'fc00:bad::1')] }));
    assert.equal(scene.ask(question('AAAA', NAME, { id: 4, additionals: [opt()] })).length, 2);
  });

  it('a flood of names is bounded', () => {
    const scene = new Scene({ ulidCacheCapacity: 16, locatorCacheCapacity: 16 });
    for (let name = 0; name < 200; name++) {
      const [main, second] = scene.ask(question('AAAA', `n${name}.foo.com`));
      scene.reply(second!, response(second!, { answers: [ulid(`n${name}.foo.com`, `fc00::${name}`)] }));
      scene.reply(main!, response(main!, { answers: [aaaa(`n${name}.foo.com`, LOCATOR)] }));
    }
    assert.ok(scene.alg.locators.size <= 16);
  });
});

describe('answers that came over a stream', () => {
  it('and are too long for the client’s UDP are cut, with TC', () => {
    const scene = new Scene({}, [{ address: parseAddress('2001:db8::53'), port: 853, tls: { name: 'dns' } }]);
    const [main] = scene.ask(question('TXT', NAME));
    const answers = Array.from({ length: 40 }, () => ({
      type: 'TXT',
      name: NAME,
      ttl: 1,
      data: 'x'.repeat(40),
    }));
    const message = decode(answerIn(scene.reply(main!, response(main!, { answers }))));
    assert.equal(message.flag_tc, true);
    assert.deepEqual(message.answers, []);
    assert.equal(message.questions?.[0]?.name, NAME);
  });
});

describe('a budget', () => {
  it('refills with time, for each key and for all', () => {
    const budget = new Budget({ rate: 10, burst: 2, totalRate: 10, totalBurst: 3 });
    assert.deepEqual(
      [0, 0, 0].map((now) => budget.take(now, 'a')),
      [true, true, false],
    );
    assert.equal(budget.take(0, 'b'), true);
    assert.equal(budget.take(0, 'c'), false);
    assert.equal(budget.take(100, 'a'), true);
    assert.equal(budget.take(100, 'b'), false);
  });
});
