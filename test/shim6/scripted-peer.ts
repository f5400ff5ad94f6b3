/**
 * One protocol core, host A's, and a peer that says what a test tells it to: any message at any time, its locators
 * proved by site B's key.
 */
import assert from 'node:assert/strict';
import { type Effect, Shim6, type Shim6Settings, type State } from '../../control/shim6/index.ts';
import type { Address } from '../../control/wire/ipv6/address.ts';
import {
  type ContextTag,
  decodeMessage,
  encodeMessage,
  findOption,
  type Message,
  type Option,
  VerificationMethod,
} from '../../control/wire/shim6/index.ts';
import { SeededRandom } from './random.ts';
import { addresses, hostA, hostB, siteA, siteB } from './sites.ts';

const GENERATION = 7;

/** What the peer calls its context, and its exchanges. */
const PEER_TAG: ContextTag = { high: 0x1234, low: 0x56789abc };
const PEER_NONCE = 0xbbbb;

export interface Addresses {
  readonly source: Address;
  readonly destination: Address;
}

const [local] = addresses(hostA);
const [remote] = addresses(hostB);

export class ScriptedPeer {
  readonly core: Shim6;
  readonly effects: Effect[] = [];
  now = 0;
  /** CT(peer) as the peer tells it. */
  tag = PEER_TAG;
  nonce = PEER_NONCE;
  fork = 0;
  /** Addresses of what the peer sends. */
  readonly addresses: Addresses = { source: remote!, destination: local! };

  constructor(settings: Partial<Shim6Settings> = {}) {
    this.core = new Shim6({ random: new SeededRandom(5).octets, identity: siteA.identity, settings });
    this.core.setHost(0, hostA);
  }

  get context() {
    return this.core.context(hostA.ulid, hostB.ulid, this.fork);
  }

  get state(): State {
    return this.context?.state ?? 'IDLE';
  }

  /** Kinds of effects so far but `send`. */
  get outcomes(): string[] {
    return this.effects.map(({ kind }) => kind).filter((kind) => kind !== 'send');
  }

  /** Takes the effects; returns the messages that the core sends. */
  collect(): Message[] {
    const messages: Message[] = [];
    for (let effect = this.core.pollEffect(); effect !== undefined; effect = this.core.pollEffect()) {
      this.effects.push(effect);
      if (effect.kind !== 'send') continue;
      const message = decodeMessage(effect.message);
      assert.ok(message.type !== 'Unknown');
      messages.push(message);
    }
    return messages;
  }

  /** Hands a message to the core and returns what it answers. */
  say(message: Message, between: Partial<Addresses> = {}): Message[] {
    this.core.handleMessage(this.now, { ...this.addresses, ...between, message: encodeMessage(message) });
    return this.collect();
  }

  /** The one answer, of the type that is expected. */
  ask<T extends Message['type']>(message: Message, type: T, between: Partial<Addresses> = {}) {
    const [answer, ...more] = this.say(message, between);
    assert.deepEqual(more, []);
    assert.equal(answer?.type, type);
    return answer as Extract<Message, { type: T }>;
  }

  /** A payload packet that the data path could not place. */
  payload(tag: ContextTag, between: Partial<Addresses> = {}): Message[] {
    this.core.handleUnknownTag(this.now, { ...this.addresses, ...between, tag });
    return this.collect();
  }

  /** Lets time pass; returns what the core sends meanwhile. */
  pass(milliseconds: number): Message[] {
    const end = this.now + milliseconds;
    const messages: Message[] = [];
    for (let due = this.core.nextTimeout(); due !== undefined && due <= end; due = this.core.nextTimeout()) {
      this.now = Math.max(this.now, due);
      this.core.handleTimeout(this.now);
      messages.push(...this.collect());
    }
    this.now = end;
    return messages;
  }

  /** Lets time pass until the next deadline and no longer. */
  timeout(): Message[] {
    return this.pass(this.core.nextTimeout()! - this.now);
  }

  establish(): Message[] {
    const { fork } = this;
    this.core.establish(this.now, hostA.ulid, hostB.ulid, addresses(hostB), { fork });
    return this.collect();
  }

  /** The Initiator Nonce and tag of the core's exchange under way. */
  get exchange(): { readonly nonce: number; readonly tag: ContextTag } {
    const sent = this.effects.filter((effect) => effect.kind === 'send');
    for (const { message } of sent.toReversed()) {
      const decoded = decodeMessage(message);
      if (decoded.type === 'I1' || decoded.type === 'I2' || decoded.type === 'I2bis') {
        return { nonce: decoded.initiatorNonce, tag: decoded.initiatorTag };
      }
    }
    return { nonce: 0, tag: { high: 0, low: 0 } };
  }

  /** Brings a fresh core to `state`. */
  bring(state: State): this {
    const steps: { readonly [S in State]: () => unknown } = {
      IDLE: () => undefined,
      'I1-SENT': () => this.establish(),
      'I2-SENT': () => [this.establish(), this.say(this.r1())],
      ESTABLISHED: () => [this.establish(), this.say(this.r1()), this.say(this.r2())],
      'I2BIS-SENT': () => [this.bring('ESTABLISHED'), this.say(this.r1bis())],
      'E-FAILED': () => {
        this.establish();
        while (this.state !== 'E-FAILED') this.timeout();
      },
      'NO-SUPPORT': () => [this.establish(), this.unrecognized()],
    };
    steps[state]();
    assert.equal(this.state, state);
    return this;
  }

  /** ICMPv6 Unrecognized Next Header about the last I1. */
  unrecognized(changes: Partial<{ source: Address; local: Address; peer: Address }> = {}): void {
    const i1 = this.effects.findLast((effect) => effect.kind === 'send')!;
    const addressed = { source: i1.destination, local: i1.source, peer: i1.destination, ...changes };
    this.core.handleUnrecognizedNextHeader(this.now, { ...addressed, message: i1.message });
    this.effects.push(...this.#drain());
  }

  *#drain(): Generator<Effect> {
    for (let effect = this.core.pollEffect(); effect; effect = this.core.pollEffect()) yield effect;
  }

  #naming(): Option[] {
    const ulids: Option = { type: 'UlidPair', sender: hostB.ulid, receiver: hostA.ulid };
    return this.fork === 0 ? [ulids] : [ulids, { type: 'ForkedInstanceIdentifier', identifier: this.fork }];
  }

  /** A signed list of the peer's locators. */
  locators(list = addresses(hostB), generation = GENERATION): Option[] {
    const { identity } = siteB;
    return [
      {
        type: 'LocatorList',
        generation,
        locators: list.map((address) => ({ address, method: VerificationMethod.CGA })),
      },
      { type: 'CgaParameterDataStructure', parameters: identity.parameters(hostB.ulid) },
      { type: 'CgaSignature', signature: identity.sign(hostB.ulid, generation, list) },
    ];
  }

  i1(): Message {
    return { type: 'I1', initiatorTag: this.tag, initiatorNonce: this.nonce, options: this.#naming() };
  }

  r1(initiatorNonce = this.exchange.nonce): Message {
    const validator = new Uint8Array(20).fill(0x77);
    const options: Option[] = [{ type: 'ResponderValidator', validator }];
    return { type: 'R1', initiatorNonce, responderNonce: 99, options };
  }

  i2(r1: Extract<Message, { type: 'R1' }>, locators = this.locators()): Message {
    return {
      type: 'I2',
      initiatorTag: this.tag,
      initiatorNonce: this.nonce,
      responderNonce: r1.responderNonce,
      options: [findOption(r1, 'ResponderValidator')!, ...this.#naming(), ...locators],
    };
  }

  r2(initiatorNonce = this.exchange.nonce, locators = this.locators()): Message {
    return { type: 'R2', responderTag: this.tag, initiatorNonce, options: locators };
  }

  r1bis(packetTag = this.tag): Message {
    const options: Option[] = [{ type: 'ResponderValidator', validator: new Uint8Array(20).fill(0x77) }];
    return { type: 'R1bis', packetTag, responderNonce: 99, options };
  }

  i2bis(r1bis: Extract<Message, { type: 'R1bis' }>, locators = this.locators()): Message {
    return {
      type: 'I2bis',
      initiatorTag: this.tag,
      initiatorNonce: this.nonce,
      responderNonce: r1bis.responderNonce,
      packetTag: r1bis.packetTag,
      options: [findOption(r1bis, 'ResponderValidator')!, ...this.#naming(), ...locators],
    };
  }

  update(receiverTag: ContextTag, options: readonly Option[] = []): Message {
    return { type: 'UpdateRequest', receiverTag, requestNonce: 5, options };
  }
}
