/** RFC 5534 where no other test asks it: types and lengths, nonces, the range of the Send Timeout, what is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reapSchema } from '../../control/config/reap.ts';
import { Exploring, Operational } from '../../control/reap/index.ts';
import { decodeMessage, encodeMessage, findOption, type Message } from '../../control/wire/shim6/index.ts';
import { Pair as ReapPair, uses } from '../reap/pair.ts';
import { Pair } from '../shim6/pair.ts';
import { withLocators } from '../shim6/sites.ts';

const receiverTag = { high: 0x1234, low: 0x5678_9abc };
const TYPE_OFFSET = 2;

test('types and lengths of Keepalive, Probe and Keepalive Timeout', () => {
  const keepalive = encodeMessage({ type: 'Keepalive', receiverTag, options: [] });
  assert.deepEqual([keepalive[TYPE_OFFSET], keepalive.length], [66, 16]);
  const report = { source: new Uint8Array(16), destination: new Uint8Array(16), nonce: 1, data: 2 };
  const probe = encodeMessage({
    type: 'Probe',
    receiverTag,
    state: 2,
    sent: [report],
    received: [report],
    options: [],
  });
  assert.deepEqual([probe[TYPE_OFFSET], probe.length], [67, 16 + 2 * 40]);
  assert.deepEqual([probe[12], probe[13]], [0x11, 0x80], 'Precvd, Psent and Sta');
  const options = [{ type: 'KeepaliveTimeout', timeout: 0x0102 }] as const;
  const update = encodeMessage({ type: 'UpdateRequest', receiverTag, requestNonce: 1, options });
  assert.deepEqual(
    [...update.subarray(16)],
    [0, 20, 0, 4, 0, 0, 1, 2],
    'type 10, C 0, length 4, reserved, value',
  );
});

test('Reserved of the Keepalive Timeout option is ignored on receipt', async () => {
  const { sealed } = await import('../wire/shim6/sealed.ts');
  const options = [{ type: 'KeepaliveTimeout', timeout: 30 }] as const;
  const noisy = encodeMessage({ type: 'UpdateRequest', receiverTag, requestNonce: 1, options }).slice();
  noisy.fill(0xff, 20, 22);
  const message = decodeMessage(sealed(noisy));
  assert.ok(message.type === 'UpdateRequest');
  assert.equal(findOption(message, 'KeepaliveTimeout')?.timeout, 30);
});

test('nonces of Probes are 32 bits of the random source each', () => {
  const pair = new ReapPair();
  pair.talks = (from) => from === 'a';
  pair.passes = () => false;
  pair.run(200_000);
  const nonces = pair.sent.flatMap(({ message }) =>
    message.type === 'Probe' ? [message.sent[0]!.nonce] : [],
  );
  assert.ok(nonces.length > 8);
  assert.equal(new Set(nonces).size, nonces.length);
  let ones = 0;
  for (const nonce of nonces) ones |= nonce;
  assert.equal(ones >>> 0, 0xffff_ffff, 'every bit of them is used');
});

test('the Keepalive Timeout is told once, not in every Update Request', () => {
  const pair = new Pair({ settings: { keepaliveTimeout: 20 } });
  pair.establish();
  pair.runUntil(1_000);
  pair.a.core.setHost(pair.now, withLocators(pair.a.host, { 1: { usable: false } }));
  const { ulid, locators } = pair.a.host;
  pair.a.core.setHost(pair.now, { ulid, locators: locators.slice(0, 1) });
  pair.collect();
  pair.runUntil(3_000);
  const told = pair.sent.map(({ message, from }) => {
    const decoded = decodeMessage(message) as Exclude<Message, { type: 'Error' }>;
    return [from, decoded.type, findOption(decoded, 'KeepaliveTimeout') !== undefined] as const;
  });
  assert.ok(told.some(([, type]) => type === 'UpdateRequest'));
  for (const name of ['a', 'b'])
    assert.equal(told.filter(([from, , has]) => from === name && has).length, 1, name);
});

test('the Send Timeout is 15 s unless configured, and at most 100', () => {
  assert.equal(reapSchema.parse({})['send-timeout'], 15);
  assert.equal(reapSchema.parse({ 'send-timeout': 100 })['send-timeout'], 100);
  for (const seconds of [0, 101, 1.5]) assert.ok(!reapSchema.safeParse({ 'send-timeout': seconds }).success);
});

test('what happened to a context is kept and told', () => {
  const pair = new ReapPair();
  pair.talks = () => true;
  pair.run(2_000);
  pair.passes = (one) => !uses(one, 1, 0);
  pair.run(20_000);
  const { transitions } = pair.a;
  assert.deepEqual(transitions[0], [Exploring, 'Send timeout']);
  assert.equal(transitions.at(-1)![0], Operational);
  const history = pair.a.reap.history(pair.a.subjects[0]!)!;
  assert.equal(history.switches.length, 1);
  assert.ok(uses(history.switches[0]!.to, 1, 1));
  assert.ok(history.probes.some(({ direction }) => direction === 'sent'));
  assert.ok(history.probes.some(({ direction }) => direction === 'received'));
});
