/** What the SHIM6 core has to do with REAP: the Keepalive Timeout option, and handing on Keepalives and Probes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage, findOption, type Message } from '../../control/wire/shim6/index.ts';
import { Pair } from './pair.ts';
import { addresses, withLocators } from './sites.ts';

function established(settings = {}): Pair {
  const pair = new Pair({ settings });
  pair.establish();
  pair.runUntil(1_000);
  return pair;
}

const contexts = ({ a, b }: Pair) => [
  a.core.context(a.host.ulid, b.host.ulid)!,
  b.core.context(b.host.ulid, a.host.ulid)!,
];

test('a Send Timeout other than the default is told in I2 and R2, and taken up (RFC 5534 §5.3)', () => {
  const pair = established({ keepaliveTimeout: 20 });
  for (const { message, type } of pair.sent) {
    const decoded = decodeMessage(message) as Exclude<Message, { type: 'Error' }>;
    const option = findOption(decoded, 'KeepaliveTimeout');
    assert.equal(option?.timeout, type === 'I2' || type === 'R2' ? 20 : undefined, type);
  }
  for (const context of contexts(pair)) assert.equal(context.keepaliveTimeout, 20);
});

test('the default is not told, and none is assumed', () => {
  const pair = established();
  for (const context of contexts(pair)) assert.equal(context.keepaliveTimeout, undefined);
});

test('an Update Request may change it', () => {
  const pair = established();
  const { a, b } = pair;
  const [source, destination] = [addresses(a.host)[0]!, addresses(b.host)[0]!];
  const receiverTag = contexts(pair)[1]!.localTag;
  const options = [{ type: 'KeepaliveTimeout', timeout: 40 }] as const;
  const message = encodeMessage({ type: 'UpdateRequest', receiverTag, requestNonce: 1, options });
  pair.inject({ source, destination, message });
  assert.equal(contexts(pair)[1]!.keepaliveTimeout, 40);
  assert.equal(pair.types.at(-1), 'UpdateAcknowledgement');
});

test('a Keepalive between locators of an established context is handed on; from elsewhere it draws R1bis', () => {
  const pair = established();
  const { a, b } = pair;
  const [own, other] = addresses(a.host);
  const [destination] = addresses(b.host);
  const receiverTag = contexts(pair)[1]!.localTag;
  const message = encodeMessage({ type: 'Keepalive', receiverTag, options: [] });
  const handed = () => b.effects.filter(({ kind }) => kind === 'reachability').length;
  pair.inject({ source: own!, destination: destination!, message });
  pair.inject({ source: other!, destination: destination!, message });
  assert.equal(handed(), 2);
  const stranger = own!.slice();
  stranger[15] = 0x77;
  pair.inject({ source: stranger, destination: destination!, message });
  assert.deepEqual([handed(), pair.types.at(-1)], [2, 'R1bis']);
  const wrong = { high: receiverTag.high, low: (receiverTag.low ^ 1) >>> 0 };
  const forged = encodeMessage({ type: 'Keepalive', receiverTag: wrong, options: [] });
  pair.inject({ source: own!, destination: destination!, message: forged });
  assert.deepEqual([handed(), pair.types.at(-1)], [2, 'R1bis']);
});

test('Update Requests and their Acknowledgements are payload of the context to REAP (RFC 5534 §6.1, §6.2)', () => {
  const pair = established();
  const before = { a: pair.a.effects.length, b: pair.b.effects.length };
  pair.a.core.setHost(pair.now, withLocators(pair.a.host, { 1: { usable: false } }));
  pair.collect();
  pair.runUntil(2_000);
  for (const name of ['a', 'b'] as const) {
    const since = pair[name].effects.slice(before[name]);
    assert.equal(since.filter(({ kind }) => kind === 'heard').length, 1, name);
    assert.equal(
      since.filter((effect) => effect.kind === 'send' && effect.context !== undefined).length,
      1,
      name,
    );
  }
});
