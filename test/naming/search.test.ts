import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatReverseName } from '../../control/wire/dns/reverse.ts';
import { addressFromKey, addressKey, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  ANSWERED,
  aaaa,
  cname,
  decode,
  type Effect,
  type Fields,
  HOST,
  only,
  question,
  response,
  Scene,
  soa,
  TRUNCATED,
  ULID_TYPE,
  ulid,
} from './harness.ts';

const CMULA = 'fc00:db8:2::1';
const NAME = 'h2.foo.com';
const LOCATORS = ['2001:db8:21::1', '2001:db8:22::1'];
const REVERSE = formatReverseName(parseAddress(CMULA));
const pointer = (data: string, name = REVERSE): Fields => ({ type: 'PTR', name, ttl: 60, data });
const locators = LOCATORS.map((address) => aaaa(NAME, address, 120));

/** A host's packet to `peer`: the queries that it causes. */
function search(scene: Scene, peer = CMULA, host = HOST.address): Effect<'query-upstream'>[] {
  scene.alg.search(scene.now, host, parseAddress(peer));
  return only(scene.effects(), 'query-upstream');
}

const typeOf = (query: Effect<'query-upstream'>) => decode(query.message).questions?.[0]?.type;

describe('a packet to an unknown CMULA', () => {
  it('asks for its name, then for that name’s ULID and locators, and tells them to all who wait', () => {
    const scene = new Scene();
    const [first, ...more] = search(scene);
    assert.deepEqual(more, []);
    assert.deepEqual(decode(first!.message).questions, [{ name: REVERSE, type: 'PTR', class: 'IN' }]);
    const other = parseAddress('fc00:db8:1::2');
    assert.equal(scene.alg.search(scene.now, other, parseAddress(CMULA)), 'searching');
    assert.deepEqual(scene.effects(), [], 'one search for all');
    const forward = only(
      scene.reply(first!, response(first!, { answers: [pointer(NAME)] })),
      'query-upstream',
    );
    assert.deepEqual(forward.map(typeOf), [ULID_TYPE, 'AAAA']);
    scene.reply(forward[1]!, response(forward[1]!, { answers: locators }));
    const effects = scene.reply(forward[0]!, response(forward[0]!, { answers: [ulid(NAME, CMULA)] }));
    const [found] = only(effects, 'found');
    assert.equal(formatAddress(found!.ulid), CMULA);
    assert.deepEqual(found!.locators.map(formatAddress), LOCATORS);
    assert.deepEqual(found!.askers, [HOST.address, other]);
    assert.deepEqual(
      scene.alg.locators.lookup(scene.now, parseAddress(CMULA))?.locators.map(formatAddress),
      LOCATORS,
    );
    scene.assertIdle();
  });

  it('is not believed to be what a name says that does not have it', () => {
    const scene = new Scene();
    const [first] = search(scene);
    const forward = only(
      scene.reply(first!, response(first!, { answers: [pointer(NAME)] })),
      'query-upstream',
    );
    scene.reply(forward[1]!, response(forward[1]!, { answers: locators }));
    const effects = scene.reply(
      forward[0]!,
      response(forward[0]!, { answers: [ulid(NAME, 'fc00:db8:2::9')] }),
    );
    assert.deepEqual(only(effects, 'not-found')[0]!.askers, [HOST.address]);
    assert.equal(scene.alg.locators.size, 0);
    scene.assertIdle();
  });

  it('follows aliases in the reverse tree (RFC 2317) and tries several names', () => {
    const scene = new Scene();
    const [first] = search(scene);
    const alias = '1.customer.example';
    const answers = [cname(REVERSE, alias), pointer('old.foo.com', alias), pointer(NAME, alias)];
    const forward = only(scene.reply(first!, response(first!, { answers })), 'query-upstream');
    assert.equal(forward.length, 4);
    scene.reply(forward[0]!, response(forward[0]!, { flags: ANSWERED | 3 }));
    scene.reply(forward[3]!, response(forward[3]!, { answers: locators }));
    const effects = scene.reply(forward[2]!, response(forward[2]!, { answers: [ulid(NAME, CMULA)] }));
    assert.equal(only(effects, 'found')[0]!.name, NAME);
    scene.assertIdle();
  });

  it('uses the additional section if it holds all, for this search only', () => {
    const scene = new Scene();
    const [first] = search(scene);
    const additionals = [ulid(NAME, CMULA), ...locators, aaaa('victim.example', '2001:db8:bad::1')];
    const effects = scene.reply(first!, response(first!, { answers: [pointer(NAME)], additionals }));
    assert.deepEqual(only(effects, 'found')[0]!.locators.map(formatAddress), LOCATORS);
    assert.equal(scene.alg.locators.size, 0, 'nobody asked for it');
    scene.assertIdle();
  });

  it('does not use an additional section about another ULID or another name', () => {
    for (const additionals of [
      [ulid(NAME, 'fc00:db8:2::9'), ...locators],
      [ulid('other.foo.com', CMULA), ...locators],
      [ulid(NAME, CMULA), aaaa('other.foo.com', LOCATORS[0]!)],
    ]) {
      const scene = new Scene();
      const [first] = search(scene);
      const effects = scene.reply(first!, response(first!, { answers: [pointer(NAME)], additionals }));
      assert.equal(only(effects, 'query-upstream').length, 2);
    }
  });

  it('that has no name is not searched again for as long as the SOA says, at most a minute', () => {
    const scene = new Scene();
    const [first] = search(scene);
    const authorities = [{ ...soa('c.f.ip6.arpa'), ttl: 3600, data: { ...soaData, minimum: 40 } }];
    const effects = scene.reply(first!, response(first!, { flags: ANSWERED | 3, authorities }));
    assert.equal(only(effects, 'not-found').length, 1);
    scene.now += 39_999;
    assert.equal(scene.alg.search(scene.now, HOST.address, parseAddress(CMULA)), 'not-found');
    scene.now += 1;
    assert.equal(search(scene).length, 1);
  });

  it('that nobody answers for ends after 4.5 s and is searched again 5 s later', () => {
    const scene = new Scene();
    search(scene);
    for (let time = 0; time < 4400; time += 400) {
      assert.deepEqual(only(scene.advance(400), 'not-found'), []);
    }
    assert.equal(only(scene.advance(400), 'not-found').length, 1);
    scene.assertIdle();
    assert.equal(scene.alg.search(scene.now, HOST.address, parseAddress(CMULA)), 'not-found');
    scene.now += 5000;
    assert.equal(scene.alg.search(scene.now, HOST.address, parseAddress(CMULA)), 'searching');
  });

  it('takes truncated answers over TCP', () => {
    const scene = new Scene();
    const [first] = search(scene);
    const [again] = only(
      scene.reply(first!, response(first!, { flags: ANSWERED | TRUNCATED })),
      'query-upstream',
    );
    assert.equal(again!.transport, 'tcp');
    const effects = scene.reply(again!, response(again!, { answers: [pointer(NAME)] }));
    assert.equal(only(effects, 'query-upstream').length, 2);
  });

  it('costs a host no more than its budget, and all hosts no more than theirs', () => {
    const scene = new Scene({
      searchBudget: { rate: 1, burst: 3, totalRate: 2, totalBurst: 5 },
    });
    const begin = (number: number, host: number) =>
      scene.alg.search(
        scene.now,
        parseAddress(`fc00:db8:1::${host}`),
        parseAddress(`fc00:db8:2::${number.toString(16)}`),
      );
    const begun = [1, 2, 3, 4].map((number) => begin(number, 1));
    assert.deepEqual(begun, ['searching', 'searching', 'searching', 'refused']);
    assert.deepEqual(
      [5, 6, 7].map((number) => begin(number, 2)),
      ['searching', 'searching', 'refused'],
    );
    scene.now += 1000;
    assert.equal(begin(8, 1), 'searching');
    assert.equal(scene.alg.counters.searchesRefused, 2);
  });

  it('bounds searches under way, hosts that wait, and what is remembered, under a scan', () => {
    const scene = new Scene({
      maxSearches: 10,
      maxSearchesPerHost: 4,
      maxAskersPerSearch: 2,
      notFoundCapacity: 8,
      searchBudget: { rate: 1e6, burst: 1e6, totalRate: 1e6, totalBurst: 1e6 },
    });
    const host = addressKey(HOST.address);
    for (let number = 0; number < 5000; number++) {
      const peer = Uint8Array.from(parseAddress(CMULA));
      new DataView(peer.buffer).setUint32(12, number);
      const asker = Uint8Array.from(addressFromKey(host));
      asker[15] = number & 7;
      scene.alg.search(scene.now, asker, peer);
      assert.ok(scene.alg.searching <= 10);
      if (number % 50 === 0) scene.advance(900);
    }
    for (let time = 0; time < 20; time++) scene.advance(500);
    assert.equal(scene.alg.searching, 0);
    const peer = parseAddress('fc00:db8:2:ffff::1');
    const waiting = [1, 2, 3].map((asker) =>
      scene.alg.search(scene.now, parseAddress(`fc00:db8:1::${asker}`), peer),
    );
    assert.deepEqual(waiting, ['searching', 'searching', 'refused']);
  });

  it('answers of another kind than asked for end nothing', () => {
    const scene = new Scene();
    const [first] = search(scene);
    scene.alg.handleUpstream(scene.now, {
      query: first!.query,
      resolver: first!.resolver,
      message: question('PTR', REVERSE),
    });
    assert.equal(scene.alg.searching, 1);
    assert.equal(scene.alg.counters.upstreamMismatched, 1);
  });
});

const soaData = { mname: 'ns.x', rname: 'h.x', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 };
