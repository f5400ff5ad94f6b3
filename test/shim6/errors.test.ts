/** Errors about our messages: SHIM6's own (RFC 5533 §5.14) and ICMPv6 Unrecognized Next Header (§7.8). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from '../../control/shim6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  decodeMessage,
  ErrorCode,
  encodeMessage,
  type Message,
  type Option,
} from '../../control/wire/shim6/index.ts';
import { Pair, type Sent } from './pair.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { hostA, hostB, locator, withLocators } from './sites.ts';

const foreign = parseAddress('2001:db8:666::1');
const failures = (effects: readonly Effect[]) =>
  effects.filter((effect): effect is Effect & { kind: 'failed' } => effect.kind === 'failed');

type Send = Effect & { kind: 'send' };

/** The last message that the core sent, as an Error quotes it. */
function quote(peer: ScriptedPeer, changes: { source?: Uint8Array; cut?: number } = {}): Uint8Array {
  const sent = peer.effects.findLast((effect): effect is Send => effect.kind === 'send')!;
  const header = new Uint8Array(40);
  header[0] = 0x60;
  header[6] = 140;
  header.set(changes.source ?? sent.source, 8);
  header.set(sent.destination, 24);
  return Uint8Array.from([...header, ...sent.message.subarray(0, changes.cut ?? sent.message.length)]);
}

const errorAbout = (peer: ScriptedPeer, code: number, changes = {}): Message => ({
  type: 'Error',
  code,
  pointer: 42,
  packet: quote(peer, changes),
});

/** From where the quoted message was sent to. */
const answering = (peer: ScriptedPeer) => {
  const sent = peer.effects.findLast((effect): effect is Send => effect.kind === 'send')!;
  return { source: sent.destination, destination: sent.source };
};

describe('Error about', () => {
  for (const state of ['I1-SENT', 'I2-SENT'] as const) {
    for (const code of [
      ErrorCode.UnknownMessageType,
      ErrorCode.CriticalOption,
      ErrorCode.LocatorVerification,
    ]) {
      test(`what was sent in ${state}, code ${code}: E-FAILED at once, held down`, () => {
        const peer = new ScriptedPeer().bring(state);
        peer.say(errorAbout(peer, code), answering(peer));
        assert.equal(peer.state, 'E-FAILED');
        const [failure] = failures(peer.effects);
        assert.equal(failure?.reason, 'refused');
        assert.equal(failure.holddownUntil, 60_000);
        peer.pass(59_999);
        assert.deepEqual(peer.establish(), []);
        assert.equal(failures(peer.effects)[1]?.reason, 'refused');
        peer.pass(1);
        assert.equal(peer.state, 'IDLE');
      });
    }
  }

  test('an I2bis: the full establishment is tried at once', () => {
    const peer = new ScriptedPeer().bring('I2BIS-SENT');
    const [i1] = peer.say(errorAbout(peer, ErrorCode.UnknownMessageType), answering(peer));
    assert.equal(i1?.type, 'I1');
    assert.equal(peer.state, 'I1-SENT');
  });

  test('an I1, of the 16 octets that an error quotes at least', () => {
    const peer = new ScriptedPeer().bring('I1-SENT');
    peer.say(errorAbout(peer, 0, { cut: 16 }), answering(peer));
    assert.equal(peer.state, 'E-FAILED');
  });

  test('a message that is not ours, not under way, from elsewhere, or too short to tell: nothing', () => {
    const peer = new ScriptedPeer().bring('I1-SENT');
    const good = errorAbout(peer, 0);
    const between = answering(peer);
    peer.say(good, { ...between, source: foreign });
    peer.say(errorAbout(peer, 0, { source: foreign }), between);
    peer.say(errorAbout(peer, 0, { cut: 8 }), between);
    const anotherNonce = quote(peer);
    anotherNonce[40 + 15]! ^= 1;
    peer.say({ ...good, packet: anotherNonce } as Message, between);
    const anotherTag = quote(peer);
    anotherTag[40 + 11]! ^= 1;
    peer.say({ ...good, packet: anotherTag } as Message, between);
    assert.equal(peer.core.counters['unmatched-Error'], 5);
    peer.say(errorAbout(peer, 120), between);
    assert.equal(peer.core.counters['ignored-Error'], 1, 'codes for debugging');
    assert.equal(peer.state, 'I1-SENT');
  });

  test('an Error is never answered by one', () => {
    const peer = new ScriptedPeer().bring('ESTABLISHED');
    assert.deepEqual(peer.say({ type: 'Error', code: 77, pointer: 0xffff, packet: new Uint8Array(8) }), []);
  });

  describe('an Update Request', () => {
    const worse = withLocators(hostA, { 0: { usable: false } });
    const established = () => {
      const pair = new Pair();
      pair.establish();
      pair.runUntil(1_000);
      pair.sent.length = 0;
      return pair;
    };
    const atB = (pair: Pair) => pair.b.core.context(hostB.ulid, hostA.ulid)!;
    const options = ({ message }: Sent) => {
      const decoded = decodeMessage(message);
      return decoded.type === 'UpdateRequest' ? decoded.options.map(({ type }) => type) : [];
    };
    /** Changes the preferences where they come without their list, once. */
    const spoiling = (change: (option: Option) => Option) => (sent: Sent) => {
      const message = decodeMessage(sent.message);
      if (message.type !== 'UpdateRequest' || message.options.length > 1) return [sent];
      return [{ ...sent, message: encodeMessage({ ...message, options: message.options.map(change) }) }];
    };
    for (const [name, change] of [
      [
        'the generation',
        (option: Option) =>
          option.type === 'LocatorPreferences'
            ? { ...option, generation: (option.generation ^ 1) >>> 0 }
            : option,
      ],
      [
        'the number of locators',
        (option: Option) =>
          option.type === 'LocatorPreferences' ? { ...option, elements: option.elements.slice(1) } : option,
      ],
    ] as const) {
      test(`${name} does not go with the list the peer has: it gets list and preferences`, () => {
        const pair = established();
        pair.treatment = spoiling(change);
        pair.a.core.setHost(pair.now, worse);
        pair.collect();
        pair.runUntil(2_000);
        assert.deepEqual(pair.types, ['UpdateRequest', 'Error', 'UpdateRequest', 'UpdateAcknowledgement']);
        assert.deepEqual(options(pair.sent[0]!), ['LocatorPreferences']);
        assert.deepEqual(options(pair.sent[2]!).slice(0, 2), ['LocatorList', 'LocatorPreferences']);
        assert.deepEqual(
          atB(pair).peerLocators.map(({ broken }) => broken),
          [true, false],
        );
        assert.equal(pair.a.core.nextTimeout(), undefined);
      });
    }

    test('that the peer cannot verify goes on being repeated, and is not sped up', () => {
      const pair = established();
      pair.treatment = (sent) => {
        const message = decodeMessage(sent.message);
        if (message.type !== 'UpdateRequest') return [sent];
        const unsigned = message.options.filter(({ type }) => type !== 'CgaSignature');
        return [{ ...sent, message: encodeMessage({ ...message, options: unsigned }) }];
      };
      pair.a.core.setHost(pair.now, {
        ...hostA,
        locators: [...hostA.locators, locator('2001:db8:13::1')],
      });
      pair.collect();
      pair.runUntil(1_500);
      assert.deepEqual(pair.types, ['UpdateRequest', 'Error']);
      assert.equal(pair.a.core.counters['refused-by-peer'], 1);
      pair.treatment = (sent) => [sent];
      pair.runUntil(60_000);
      assert.equal(atB(pair).peerLocators.length, 3);
    });
  });
});

describe('ICMPv6 Unrecognized Next Header', () => {
  test('about our I1: NO-SUPPORT for ICMP_HOLDDOWN_TIME', () => {
    const peer = new ScriptedPeer().bring('I1-SENT');
    peer.pass(100);
    peer.unrecognized();
    assert.equal(peer.state, 'NO-SUPPORT');
    const [failure] = failures(peer.effects);
    assert.deepEqual([failure?.reason, failure?.holddownUntil], ['no-support', 600_100]);
    peer.pass(599_999);
    assert.deepEqual(peer.establish(), [], 'not tried again');
    assert.equal(failures(peer.effects)[1]?.reason, 'no-support');
    peer.pass(1);
    assert.equal(peer.state, 'IDLE');
    assert.equal(peer.establish()[0]?.type, 'I1');
  });

  test('is not believed from elsewhere, between other addresses, or about another message', () => {
    const peer = new ScriptedPeer().bring('I1-SENT');
    peer.unrecognized({ source: foreign });
    peer.unrecognized({ peer: foreign, source: foreign });
    peer.unrecognized({ local: foreign });
    const i1 = peer.effects.find((effect): effect is Send => effect.kind === 'send')!;
    const told = (message: Uint8Array) =>
      peer.core.handleUnrecognizedNextHeader(0, {
        source: i1.destination,
        local: i1.source,
        peer: i1.destination,
        message,
      });
    const altered = i1.message.slice();
    altered[15]! ^= 1;
    told(altered);
    told(i1.message.subarray(0, 15));
    told(new Uint8Array());
    assert.equal(peer.core.counters['unmatched-ICMP'], 6);
    assert.equal(peer.state, 'I1-SENT');
    peer.say(peer.r1());
    told(i1.message);
    assert.equal(peer.state, 'I2-SENT', 'a peer that answered R1 knows SHIM6');
    assert.equal(peer.core.counters['unmatched-ICMP'], 7);
  });
});
