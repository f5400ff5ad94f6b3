/** Every row of the tables of RFC 5533 Appendix B: state, trigger, what is sent, next state. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_SETTINGS, type State } from '../../control/shim6/index.ts';
import type { ContextTag, Message } from '../../control/wire/shim6/index.ts';
import { flipLast } from './octets.ts';
import { ScriptedPeer } from './scripted-peer.ts';

type R1 = Extract<Message, { type: 'R1' }>;
type R1bis = Extract<Message, { type: 'R1bis' }>;

/** A peer, the core in the state, and what the core answered to packets in between. */
interface Scene {
  readonly peer: ScriptedPeer;
  /** An R1 and an R1bis that the core has issued. */
  readonly r1: R1;
  readonly r1bis: R1bis;
}

interface Row {
  readonly trigger: string;
  readonly act: (scene: Scene) => Message[];
  /** Types of the messages sent. */
  readonly sends: readonly Message['type'][];
  readonly next: State;
}

const NOWHERE: ContextTag = { high: 0x7777, low: 0x77777777 };
const { I1_RETRIES_MAX, I2_RETRIES_MAX, I2bis_RETRIES_MAX } = DEFAULT_SETTINGS;

function scene(state: State): Scene {
  const peer = new ScriptedPeer();
  // What holds a pair down takes longer than a validator lives: the R1 is asked for then.
  const failed = state === 'E-FAILED' || state === 'NO-SUPPORT';
  if (failed) peer.bring(state);
  const r1 = peer.ask(peer.i1(), 'R1');
  const [r1bis] = peer.payload(NOWHERE);
  assert.ok(r1bis?.type === 'R1bis');
  if (!failed) peer.bring(state);
  return { peer, r1, r1bis };
}

const row = (
  trigger: string,
  act: (scene: Scene) => Message[],
  sends: readonly Message['type'][],
  next: State,
): Row => ({ trigger, act, sends, next });

const forged = <M extends R1 | R1bis>(answer: M): M => ({
  ...answer,
  options: answer.options.map((option) =>
    option.type === 'ResponderValidator' ? { ...option, validator: flipLast(option.validator) } : option,
  ),
});

const stranger = { high: 1, low: 1 };
const ours = ({ peer }: Scene) => peer.context!.localTag;

const i1 = ({ peer }: Scene) => peer.say(peer.i1());
const i1WithAnotherTag = ({ peer }: Scene) => peer.say({ ...peer.i1(), initiatorTag: stranger } as Message);
const goodI2 = ({ peer, r1 }: Scene) => peer.say(peer.i2(r1));
const badI2 = ({ peer, r1 }: Scene) => peer.say(peer.i2(forged(r1)));
const goodI2bis = ({ peer, r1bis }: Scene) => peer.say(peer.i2bis(r1bis));
const badI2bis = ({ peer, r1bis }: Scene) => peer.say(peer.i2bis(forged(r1bis)));
const r1 = ({ peer }: Scene) => peer.say(peer.r1());
const r1WithAnotherNonce = ({ peer }: Scene) => peer.say(peer.r1((peer.exchange.nonce ^ 1) >>> 0));
const r2 = ({ peer }: Scene) => peer.say(peer.r2());
const r2WithAnotherNonce = ({ peer }: Scene) => peer.say(peer.r2((peer.exchange.nonce ^ 1) >>> 0));
const r1bis = ({ peer }: Scene) => peer.say(peer.r1bis());
const payload = (tag: (scene: Scene) => ContextTag) => (at: Scene) => at.peer.payload(tag(at));

/** The messages of type 64 to 127 that refer to a context. */
const control = (tag: (scene: Scene) => ContextTag): [string, (scene: Scene) => Message[]][] => {
  const messages = (receiverTag: ContextTag): Message[] => [
    { type: 'UpdateRequest', receiverTag, requestNonce: 1, options: [] },
    { type: 'UpdateAcknowledgement', receiverTag, requestNonce: 1, options: [] },
    { type: 'Keepalive', receiverTag, options: [] },
    {
      type: 'Probe',
      receiverTag,
      state: 0,
      sent: [{ source: new Uint8Array(16), destination: new Uint8Array(16), nonce: 1, data: 0 }],
      received: [],
      options: [],
    },
  ];
  return messages(NOWHERE).map(({ type }, index) => [type, (at) => at.peer.say(messages(tag(at))[index]!)]);
};
/** A second later: the I2 or I2bis is not repeated for every packet of a burst. */
const later = (act: (scene: Scene) => Message[]) => (at: Scene) => {
  assert.deepEqual(at.peer.pass(1_500), []);
  return act(at);
};

const timeouts = (count: number) => (at: Scene) => {
  for (let done = 1; done < count; done++) at.peer.timeout();
  return at.peer.timeout();
};

/** What IDLE does, and E-FAILED and NO-SUPPORT as well; `next` when nothing comes of it. */
const asInIdle = (next: State): Row[] => [
  row('Receive I1: send R1', i1, ['R1'], next),
  row('Receive I2, verify validator and RESP nonce: if successful, send R2', goodI2, ['R2'], 'ESTABLISHED'),
  row('Receive I2, verify validator and RESP nonce: if fail, stay', badI2, [], next),
  row(
    'Receive I2bis, verify validator and RESP nonce: if successful, send R2',
    goodI2bis,
    ['R2'],
    'ESTABLISHED',
  ),
  row('Receive I2bis, verify validator and RESP nonce: if fail, stay', badI2bis, [], next),
  row('R1: not delivered', r1, [], next),
  row('R1bis: not delivered', r1bis, [], next),
  row('R2: not delivered', r2, [], next),
  row(
    'Receive payload extension header: send R1bis',
    payload(() => NOWHERE),
    ['R1bis'],
    next,
  ),
  ...control(() => NOWHERE).map(([type, act]) => row(`Receive ${type}: send R1bis`, act, ['R1bis'], next)),
];

const tables: { readonly [S in State]: readonly Row[] } = {
  IDLE: [
    ...asInIdle('IDLE'),
    row('Heuristics trigger a new context: send I1', ({ peer }) => peer.establish(), ['I1'], 'I1-SENT'),
  ],
  'I1-SENT': [
    row('Receive R1, verify INIT nonce: if successful, send I2', r1, ['I2'], 'I2-SENT'),
    row('Receive R1, verify INIT nonce: if fail, discard', r1WithAnotherNonce, [], 'I1-SENT'),
    row('Receive I1: send R2', i1, ['R2'], 'I1-SENT'),
    row('Receive R2, verify INIT nonce: if successful, move', r2, [], 'ESTABLISHED'),
    row('Receive R2, verify INIT nonce: if fail, discard', r2WithAnotherNonce, [], 'I1-SENT'),
    row('Receive I2, verify: if successful, send R2', goodI2, ['R2'], 'ESTABLISHED'),
    row('Receive I2, verify: if fail, discard', badI2, [], 'I1-SENT'),
    row('Receive I2bis, verify: if successful, send R2', goodI2bis, ['R2'], 'ESTABLISHED'),
    row('Receive I2bis, verify: if fail, discard', badI2bis, [], 'I1-SENT'),
    row('Timeout, counter <= I1_RETRIES_MAX: send I1', timeouts(I1_RETRIES_MAX), ['I1'], 'I1-SENT'),
    row('Timeout, counter > I1_RETRIES_MAX: move', timeouts(I1_RETRIES_MAX + 1), [], 'E-FAILED'),
    // The table says E-FAILED; §6.2, §7.8 and the diagram, which are normative or agree, say NO-SUPPORT.
    row(
      'Receive ICMP payload unknown error: move',
      ({ peer }) => {
        peer.unrecognized();
        return peer.collect();
      },
      [],
      'NO-SUPPORT',
    ),
    row('R1bis: not delivered', r1bis, [], 'I1-SENT'),
    row('Receive payload extension header: discard', payload(ours), [], 'I1-SENT'),
    ...control(ours).map(([type, act]) => row(`Receive ${type}: discard`, act, [], 'I1-SENT')),
  ],
  'I2-SENT': [
    row('Receive R2, verify INIT nonce: if successful, move', r2, [], 'ESTABLISHED'),
    row('Receive R2, verify INIT nonce: if fail, stay', r2WithAnotherNonce, [], 'I2-SENT'),
    row('Receive I1: send R2', i1, ['R2'], 'I2-SENT'),
    row('Receive I2, verify: send R2', goodI2, ['R2'], 'I2-SENT'),
    row('Receive I2bis, verify: send R2', goodI2bis, ['R2'], 'I2-SENT'),
    row('Receive R1: discard', r1, [], 'I2-SENT'),
    row('Timeout, counter <= I2_RETRIES_MAX: send I2', timeouts(I2_RETRIES_MAX), ['I2'], 'I2-SENT'),
    row('Timeout, counter > I2_RETRIES_MAX: send I1', timeouts(I2_RETRIES_MAX + 1), ['I1'], 'I1-SENT'),
    row('R1bis: not delivered', r1bis, [], 'I2-SENT'),
    row('Receive payload extension header: send I2', later(payload(ours)), ['I2'], 'I2-SENT'),
    ...control(ours).map(([type, act]) => row(`Receive ${type}: send I2`, later(act), ['I2'], 'I2-SENT')),
  ],
  'I2BIS-SENT': [
    row('Receive R2, verify INIT nonce: if successful, move', r2, [], 'ESTABLISHED'),
    row('Receive R2, verify INIT nonce: if fail, stay', r2WithAnotherNonce, [], 'I2BIS-SENT'),
    row('Receive I1: send R2', i1, ['R2'], 'I2BIS-SENT'),
    row('Receive I2, verify: send R2', goodI2, ['R2'], 'I2BIS-SENT'),
    row('Receive I2bis, verify: send R2', goodI2bis, ['R2'], 'I2BIS-SENT'),
    row('Receive R1: discard', r1, [], 'I2BIS-SENT'),
    row(
      'Timeout, counter <= I2bis_RETRIES_MAX: send I2bis',
      timeouts(I2bis_RETRIES_MAX),
      ['I2bis'],
      'I2BIS-SENT',
    ),
    row('Timeout, counter > I2bis_RETRIES_MAX: send I1', timeouts(I2bis_RETRIES_MAX + 1), ['I1'], 'I1-SENT'),
    row('R1bis: discard', r1bis, [], 'I2BIS-SENT'),
    row(
      'Receive payload extension header: accept and send I2bis',
      later(payload(ours)),
      ['I2bis'],
      'I2BIS-SENT',
    ),
    ...control(ours).map(([type, act]) =>
      row(
        `Receive ${type}: accept and send I2bis`,
        later(act),
        type === 'UpdateRequest' ? ['I2bis', 'UpdateAcknowledgement'] : ['I2bis'],
        'I2BIS-SENT',
      ),
    ),
  ],
  ESTABLISHED: [
    row('Receive I1, compare CT(peer): if no match, send R1', i1WithAnotherTag, ['R1'], 'ESTABLISHED'),
    row('Receive I1, compare CT(peer): if match, send R2', i1, ['R2'], 'ESTABLISHED'),
    row(
      'Receive I2, verify: if successful, send R2',
      ({ peer }) => {
        const answer = peer.ask({ ...peer.i1(), initiatorTag: stranger } as Message, 'R1');
        peer.tag = stranger;
        return peer.say(peer.i2(answer));
      },
      ['R2'],
      'ESTABLISHED',
    ),
    row('Receive I2, verify: otherwise discard', badI2, [], 'ESTABLISHED'),
    row(
      'Receive I2bis, verify: if successful, send R2',
      (at) => {
        const [answer] = payload(() => NOWHERE)(at);
        assert.ok(answer?.type === 'R1bis');
        return at.peer.say(at.peer.i2bis(answer));
      },
      ['R2'],
      'ESTABLISHED',
    ),
    row('Receive I2bis, verify: otherwise discard', badI2bis, [], 'ESTABLISHED'),
    row('Receive R2: discard', r2, [], 'ESTABLISHED'),
    row('Receive R1: discard', r1, [], 'ESTABLISHED'),
    row('Receive R1bis: send I2bis', r1bis, ['I2bis'], 'I2BIS-SENT'),
    row('Receive payload extension header: process', payload(ours), [], 'ESTABLISHED'),
    ...control(ours).map(([type, act]) =>
      row(
        `Receive ${type}: process`,
        act,
        type === 'UpdateRequest' ? ['UpdateAcknowledgement'] : [],
        'ESTABLISHED',
      ),
    ),
    row(
      'Implementation-specific heuristic: discard state',
      ({ peer }) => {
        assert.ok(peer.core.discard(peer.context!));
        return peer.collect();
      },
      [],
      'IDLE',
    ),
  ],
  'E-FAILED': [
    ...asInIdle('E-FAILED'),
    row('Wait for NO_R1_HOLDDOWN_TIME', ({ peer }) => peer.pass(60_000), [], 'IDLE'),
    row('Wait for less', ({ peer }) => peer.pass(59_999), [], 'E-FAILED'),
  ],
  'NO-SUPPORT': [
    ...asInIdle('NO-SUPPORT'),
    row('Wait for ICMP_HOLDDOWN_TIME', ({ peer }) => peer.pass(600_000), [], 'IDLE'),
    row('Wait for less', ({ peer }) => peer.pass(599_999), [], 'NO-SUPPORT'),
  ],
};

for (const [state, rows] of Object.entries(tables) as [State, readonly Row[]][]) {
  describe(`RFC 5533 Appendix B, STATE ${state}`, () => {
    for (const { trigger, act, sends, next } of rows) {
      const action = sends.length === 0 ? '' : `, sends ${sends.join(', ')}`;
      test(`${trigger}${action} -> ${next}`, () => {
        const at = scene(state);
        assert.deepEqual(
          act(at).map(({ type }) => type),
          sends,
        );
        assert.equal(at.peer.state, next);
      });
    }
  });
}

test('Receive payload extension header: held until the context stands, discarded in I1-SENT alone', () => {
  for (const state of Object.keys(tables) as State[]) {
    const { peer } = scene(state);
    const tag = peer.context?.localTag ?? NOWHERE;
    const isHeld = peer.core.handleUnknownTag(peer.now, { ...peer.addresses, tag });
    assert.equal(isHeld, state !== 'I1-SENT', state);
  }
});
