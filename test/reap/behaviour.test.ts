/** RFC 5534 §6, table by table: what each event does in each state, seen from outside. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type EventName,
  Exploring,
  InboundOk,
  Operational,
  STATE_NAMES,
  type State,
} from '../../control/reap/index.ts';
import { decodeMessage, type Probe } from '../../control/wire/shim6/index.ts';
import { locatorOf, Pair } from './pair.ts';

type Timer = 'none' | 'Send' | 'Keepalive';

interface Outcome {
  /** The timer that runs before; the states themselves leave no choice but in Operational and InboundOk. */
  readonly from: Timer;
  readonly state: State;
  readonly timer: Timer;
  /** Messages sent, a Probe with its state. */
  readonly sends: readonly string[];
}

const outcome = (from: Timer, state: State, timer: Timer, ...sends: string[]): Outcome => ({
  from,
  state,
  timer,
  sends,
});
const PAIR = { source: locatorOf(2, 0), destination: locatorOf(1, 0) };

/** One end alone; the other only says what it is made to. */
class Scene {
  readonly pair = new Pair();
  #nonce = 0;

  constructor() {
    this.pair.passes = () => false;
  }

  get reap() {
    return this.pair.a.reap;
  }

  reach(state: State, timer: Timer): void {
    if (state === Operational && timer !== 'none')
      this.event(timer === 'Send' ? 'outgoing payload' : 'incoming payload');
    if (state === Exploring) {
      this.event('outgoing payload');
      this.event('Send timeout');
    }
    if (state === InboundOk) {
      this.event('Probe Exploring');
      if (timer === 'none') this.event('Keepalive');
    }
    assert.deepEqual([this.reap.state(0), this.reap.timer(0)], [state, timer]);
  }

  event(event: EventName): void {
    const { pair } = this;
    switch (event) {
      case 'incoming payload':
        pair.a.lastReceived[0] = pair.tick;
        return pair.run(100);
      case 'outgoing payload':
        pair.a.lastSent[0] = pair.tick;
        return pair.run(100);
      case 'Keepalive timeout':
        return this.#until(() => this.reap.timer(0) !== 'Keepalive');
      case 'Send timeout':
        return this.#until(() => this.reap.timer(0) !== 'Send' || this.reap.state(0) === Exploring);
      case 'retransmission': {
        const before = pair.count;
        return this.#until(() => pair.count > before);
      }
      case 'Keepalive':
        return pair.inject(
          'a',
          0,
          { type: 'Keepalive', receiverTag: { high: 0, low: 0 }, options: [] },
          PAIR,
        );
      case 'Probe Exploring':
        return this.#probe(Exploring);
      case 'Probe InboundOk':
        return this.#probe(InboundOk);
      case 'Probe Operational':
        return this.#probe(Operational);
    }
  }

  #probe(state: State): void {
    const probe: Probe = {
      type: 'Probe',
      receiverTag: { high: 0, low: 0 },
      state,
      sent: [{ ...PAIR, nonce: ++this.#nonce, data: 0 }],
      received: [],
      options: [],
    };
    this.pair.inject('a', 0, probe, PAIR);
  }

  #until(reached: () => boolean): void {
    for (let ticks = 0; ticks < 200; ticks++) {
      if (reached()) return;
      this.pair.run(100);
    }
  }
}

const messages = (pair: Pair, since: number): string[] =>
  pair.sent
    .slice(since)
    .map(({ message }) =>
      message.type === 'Probe' ? `Probe ${STATE_NAMES[message.state as State]}` : message.type,
    );

function row(title: string, event: EventName, outcomes: Readonly<Partial<Record<State, Outcome>>>): void {
  describe(title, () => {
    for (const state of [Operational, Exploring, InboundOk]) {
      const expected = outcomes[state];
      if (expected === undefined) continue;
      test(`in ${STATE_NAMES[state]}`, () => {
        const scene = new Scene();
        scene.reach(state, expected.from);
        const before = scene.pair.sent.length;
        scene.event(event);
        assert.deepEqual(messages(scene.pair, before), expected.sends);
        assert.equal(STATE_NAMES[scene.reap.state(0)], STATE_NAMES[expected.state]);
        assert.equal(scene.reap.timer(0), expected.timer);
      });
    }
  });
}

row('§6.1 incoming payload packet', 'incoming payload', {
  [Operational]: outcome('Send', Operational, 'Keepalive'),
  [Exploring]: outcome('none', InboundOk, 'Send', 'Probe InboundOk'),
  [InboundOk]: outcome('Send', InboundOk, 'none'),
});
row('§6.2 outgoing payload packet', 'outgoing payload', {
  [Operational]: outcome('Keepalive', Operational, 'Send'),
  [Exploring]: outcome('none', Exploring, 'none'),
  [InboundOk]: outcome('none', InboundOk, 'Send'),
});
row('§6.3 Keepalive timeout', 'Keepalive timeout', {
  // Two at the Keepalive Interval, one last at the timeout.
  [Operational]: outcome('Keepalive', Operational, 'none', 'Keepalive', 'Keepalive', 'Keepalive'),
});
row('§6.4 Send timeout', 'Send timeout', {
  [Operational]: outcome('Send', Exploring, 'none', 'Probe Exploring'),
});
row('§6.5 retransmission', 'retransmission', {
  [Exploring]: outcome('none', Exploring, 'none', 'Probe Exploring'),
  [InboundOk]: outcome('none', InboundOk, 'Send', 'Probe InboundOk'),
});
row('§6.6 reception of a Keepalive', 'Keepalive', {
  [Operational]: outcome('Send', Operational, 'none'),
  [Exploring]: outcome('none', InboundOk, 'Send', 'Probe InboundOk'),
  [InboundOk]: outcome('Send', InboundOk, 'none'),
});
row('§6.7 reception of a Probe, Exploring', 'Probe Exploring', {
  [Operational]: outcome('Keepalive', InboundOk, 'Send', 'Probe InboundOk'),
  [Exploring]: outcome('none', InboundOk, 'Send', 'Probe InboundOk'),
  [InboundOk]: outcome('none', InboundOk, 'Send', 'Probe InboundOk'),
});
row('§6.8 reception of a Probe, InboundOk', 'Probe InboundOk', {
  [Operational]: outcome('Keepalive', Operational, 'Send', 'Probe Operational'),
  [Exploring]: outcome('none', Operational, 'Send', 'Probe Operational'),
  [InboundOk]: outcome('none', Operational, 'Send', 'Probe Operational'),
});
row('§6.9 reception of a Probe, Operational', 'Probe Operational', {
  [Operational]: outcome('Send', Operational, 'Keepalive'),
  [Exploring]: outcome('none', Operational, 'Keepalive'),
  [InboundOk]: outcome('Send', Operational, 'Keepalive'),
});

test('§6.4 Send timeout in InboundOk: Exploring, and a Probe that says so', () => {
  const scene = new Scene();
  scene.reach(InboundOk, 'Send');
  scene.event('Send timeout');
  assert.equal(STATE_NAMES[scene.reap.state(0)], 'Exploring');
  assert.equal(scene.reap.timer(0), 'none');
  assert.equal(messages(scene.pair, 0).at(-1), 'Probe Exploring');
});

test('§6.3 and §6.4 have no effect where the timer does not run: Exploring goes on as it was', () => {
  const scene = new Scene();
  scene.reach(Exploring, 'none');
  scene.pair.run(20_000);
  assert.equal(STATE_NAMES[scene.reap.state(0)], 'Exploring');
  assert.deepEqual(new Set(messages(scene.pair, 0)), new Set(['Probe Exploring']));
});

test('§6.3 has no effect in InboundOk, §6.5 none in Operational: neither happens there', () => {
  const scene = new Scene();
  scene.reach(InboundOk, 'none');
  const before = scene.pair.sent.length;
  scene.pair.run(400);
  assert.deepEqual([messages(scene.pair, before), scene.reap.timer(0)], [[], 'none']);
  scene.event('Probe InboundOk');
  scene.event('incoming payload');
  const operational = scene.pair.sent.length;
  scene.pair.run(120_000);
  assert.equal(STATE_NAMES[scene.reap.state(0)], 'Operational');
  assert.deepEqual(
    messages(scene.pair, operational).filter((message) => message !== 'Keepalive'),
    [],
  );
});

test('START leaves a timer that runs as it is, RESTART does not (§6.2, §6.8)', () => {
  const scene = new Scene();
  scene.event('outgoing payload');
  scene.pair.run(10_000);
  scene.event('outgoing payload');
  scene.pair.run(5_200);
  assert.equal(STATE_NAMES[scene.reap.state(0)], 'Exploring', 'measured from the first packet');
  const again = new Scene();
  again.event('outgoing payload');
  again.pair.run(10_000);
  again.event('Probe InboundOk');
  again.pair.run(14_800);
  assert.equal(STATE_NAMES[again.reap.state(0)], 'Operational', 'measured from the Probe');
  again.pair.run(700);
  assert.equal(STATE_NAMES[again.reap.state(0)], 'Exploring');
});

test('payload of both ends within one tick starts no Send Timer', () => {
  const scene = new Scene();
  scene.pair.a.lastReceived[0] = scene.pair.tick;
  scene.event('outgoing payload');
  assert.equal(scene.reap.timer(0), 'Keepalive');
});

test('what was stamped before a context is watched is no traffic', () => {
  const scene = new Scene();
  scene.pair.a.lastSent[0] = scene.pair.tick;
  scene.pair.a.lastReceived[0] = scene.pair.tick;
  scene.reap.adopt(0);
  scene.pair.run(20_000);
  assert.deepEqual([scene.pair.count, scene.reap.timer(0)], [0, 'none']);
});

test('SHIM6 control messages count as payload, Keepalives and Probes do not (§6.1, §6.2)', () => {
  const scene = new Scene();
  scene.reap.controlSent(0);
  assert.equal(scene.reap.timer(0), 'Send');
  scene.reap.controlReceived(0);
  assert.equal(scene.reap.timer(0), 'Keepalive');
  scene.event('Keepalive timeout');
  assert.equal(scene.reap.timer(0), 'none', 'the last Keepalive starts no Send Timer');
});

test('the state in a Probe is that of its sender after sending it (§6.1)', () => {
  const scene = new Scene();
  scene.event('Probe Exploring');
  const [probe] = scene.pair.sent;
  assert.ok(probe?.message.type === 'Probe');
  assert.equal(probe.message.state, scene.reap.state(0));
  const effect = scene.pair.a.effects.find(({ kind }) => kind === 'send');
  assert.ok(effect?.kind === 'send');
  assert.equal(decodeMessage(effect.message).type, 'Probe');
});
