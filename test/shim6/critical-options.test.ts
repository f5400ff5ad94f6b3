/** Options that are not understood, in every message: RFC 5533 §5.15 and §12.3. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { State } from '../../control/shim6/index.ts';
import { headerLength, type Message, type Option } from '../../control/wire/shim6/index.ts';
import { ScriptedPeer } from './scripted-peer.ts';

type WithOptions = Exclude<Message, { type: 'Error' }>;

const unknown = (critical: boolean): Option => ({
  type: 'Unrecognized',
  code: 0x123,
  critical,
  contents: new Uint8Array(3),
});

/** Each message where it is welcome: the state before, the message, what it draws, the state after. */
const welcome: Record<
  string,
  { at: State; say: (peer: ScriptedPeer) => Message; draws: string[]; next: State }
> = {
  I1: { at: 'IDLE', say: (peer) => peer.i1(), draws: ['R1'], next: 'IDLE' },
  R1: { at: 'I1-SENT', say: (peer) => peer.r1(), draws: ['I2'], next: 'I2-SENT' },
  I2: { at: 'IDLE', say: (peer) => peer.i2(peer.ask(peer.i1(), 'R1')), draws: ['R2'], next: 'ESTABLISHED' },
  R2: { at: 'I2-SENT', say: (peer) => peer.r2(), draws: [], next: 'ESTABLISHED' },
  R1bis: { at: 'ESTABLISHED', say: (peer) => peer.r1bis(), draws: ['I2bis'], next: 'I2BIS-SENT' },
  I2bis: {
    at: 'IDLE',
    say(peer) {
      const [r1bis] = peer.payload({ high: 3, low: 4 });
      assert.ok(r1bis?.type === 'R1bis');
      return peer.i2bis(r1bis);
    },
    draws: ['R2'],
    next: 'ESTABLISHED',
  },
  UpdateRequest: {
    at: 'ESTABLISHED',
    say: (peer) => peer.update(peer.context!.localTag),
    draws: ['UpdateAcknowledgement'],
    next: 'ESTABLISHED',
  },
};

for (const [type, { at, say, draws, next }] of Object.entries(welcome)) {
  describe(type, () => {
    const given = (critical: boolean) => {
      const peer = new ScriptedPeer().bring(at);
      const message = say(peer) as WithOptions;
      const options = [unknown(critical), ...message.options];
      return { peer, answers: peer.say({ ...message, options } as Message) };
    };

    test('C=0: the option is ignored and the message processed', () => {
      const { peer, answers } = given(false);
      assert.deepEqual(
        answers.map((message) => message.type),
        draws,
      );
      assert.equal(peer.state, next);
    });

    test('C=1: Error 1 with the pointer at the Option Type, and no more', () => {
      const { peer, answers } = given(true);
      const [error, ...more] = answers;
      assert.ok(error?.type === 'Error');
      assert.deepEqual(more, []);
      assert.deepEqual([error.code, error.pointer], [1, 40 + headerLength(type as WithOptions['type'])]);
      assert.equal(peer.state, at);
      assert.equal(peer.core.counters['critical-option'], 1);
    });
  });
}

test('an option that is known but not defined for the message counts as unknown', () => {
  const peer = new ScriptedPeer().bring('ESTABLISHED');
  const keepalive = (critical: boolean): Message => ({
    type: 'Keepalive',
    receiverTag: peer.context!.localTag,
    options: [{ type: 'Unrecognized', code: 7, critical, contents: new Uint8Array(4) }],
  });
  assert.deepEqual(peer.say(keepalive(false)), []);
  assert.equal(peer.say(keepalive(true))[0]?.type, 'Error');
});
