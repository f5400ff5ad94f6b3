import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { aaaa, decode, HOST, only, opt, question, response, Scene, ulid } from './harness.ts';

const NAME = 'h2.foo.com';
const CMULA = 'fc00:db8:2::1';
const LOCATOR = '2001:db8:21::1';
const hostAt = (number: number) => ({ ...HOST, address: Uint8Array.from(HOST.address).fill(number, 15) });

/** A query of another host; what goes upstream because of it. */
function ask(scene: Scene, host: number, message: Uint8Array, token = host) {
  scene.alg.handleQuery(scene.now, { client: hostAt(host), transport: 'udp', token, message });
  return only(scene.effects(), 'query-upstream');
}

describe('equal queries of several hosts', () => {
  it('go upstream once: a forger has one chance (RFC 5452 §5)', () => {
    const scene = new Scene();
    assert.equal(ask(scene, 1, question('TXT', NAME)).length, 1);
    for (let host = 2; host < 100; host++) {
      const name = host % 2 === 0 ? NAME : NAME.toUpperCase();
      assert.equal(ask(scene, host, question('TXT', name, { id: host })).length, 0);
    }
    assert.equal(scene.alg.upstreamInFlight, 1);
    assert.equal(scene.alg.counters.joined, 98);
  });

  it('are all answered, each under its ID, with its letters; every host is told and learns', () => {
    const scene = new Scene();
    const [main, second] = ask(scene, 1, question('AAAA', NAME, { id: 1 }));
    ask(scene, 2, question('AAAA', 'H2.foo.COM', { id: 2 }));
    ask(scene, 3, question('AAAA', NAME, { id: 3 }));
    scene.reply(second!, response(second!, { answers: [ulid(NAME, CMULA)] }));
    const effects = scene.reply(main!, response(main!, { answers: [aaaa(NAME, LOCATOR, 0)] }));
    const answers = only(effects, 'answer');
    assert.deepEqual(
      answers.map(({ client, token, message, told }) => {
        const { id, questions, answers } = decode(message);
        const data = answers?.map((record) => 'data' in record && record.data);
        return [client.address[15], token, id, questions?.[0]?.name, data, told.length];
      }),
      [
        [1, 1, 1, NAME, [CMULA], 1],
        [2, 2, 2, 'H2.foo.COM', [CMULA], 1],
        [3, 3, 3, NAME, [CMULA], 1],
      ],
    );
    assert.deepEqual(
      only(effects, 'learned').map(({ host, ulid }) => [host[15], formatAddress(ulid)]),
      [1, 2, 3].map((host) => [host, CMULA]),
    );
    scene.assertIdle();
  });

  it('share a failure, too', () => {
    const scene = new Scene();
    ask(scene, 1, question('TXT', NAME, { id: 1 }));
    ask(scene, 2, question('TXT', NAME, { id: 2, additionals: [] }));
    const failures = [];
    for (let wait = 0; wait < 10; wait++) failures.push(...only(scene.advance(500), 'answer'));
    assert.deepEqual(
      failures.map(({ message }) => [decode(message).id, decode(message).rcode]),
      [
        [1, 'SERVFAIL'],
        [2, 'SERVFAIL'],
      ],
    );
    assert.equal(scene.alg.inFlight, 0);
  });

  it('an answer without its question reaches all', () => {
    const scene = new Scene();
    const [main] = ask(scene, 1, question('TXT', NAME, { id: 1 }));
    ask(scene, 2, question('TXT', NAME.toUpperCase(), { id: 2 }));
    const refused = Uint8Array.from([0, 0, 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0]);
    const answers = only(scene.reply(main!, refused), 'answer');
    assert.deepEqual(
      answers.map(({ message }) => [...message.subarray(0, 4)]),
      [
        [0, 1, 0x81, 0x85],
        [0, 2, 0x81, 0x85],
      ],
    );
  });

  it('that differ in anything that matters go upstream each, as does one behind a slow one', () => {
    const scene = new Scene();
    ask(scene, 1, question('TXT', NAME));
    assert.equal(ask(scene, 2, question('TXT', NAME, { additionals: [opt()] })).length, 1);
    assert.equal(ask(scene, 3, question('TXT', NAME, { additionals: [opt(true)] })).length, 1);
    scene.advance(799);
    assert.equal(ask(scene, 4, question('TXT', NAME, { id: 4 })).length, 0);
    scene.now += 1;
    assert.equal(ask(scene, 5, question('TXT', NAME, { id: 5 })).length, 1);
    assert.equal(ask(scene, 6, question('TXT', NAME, { id: 6 })).length, 0);
  });

  it('count as under way: limits hold', () => {
    const scene = new Scene({ maxInFlight: 3 });
    for (let host = 1; host < 10; host++) ask(scene, host, question('TXT', NAME, { id: host }));
    assert.equal(scene.alg.inFlight, 3);
    assert.equal(scene.alg.counters.refusedInFlight, 6);
  });
});
