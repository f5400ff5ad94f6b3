/** Forged and replayed R1bis and I2bis: counted, and nothing comes of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { flipLast } from './octets.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { hostA, hostB } from './sites.ts';

describe('forged', () => {
  test('R1bis: another tag, another source, a locator that is not ours, no validator', () => {
    const peer = new ScriptedPeer().bring('ESTABLISHED');
    assert.deepEqual(peer.say(peer.r1bis({ high: 1, low: 1 })), []);
    assert.deepEqual(peer.say(peer.r1bis(), { source: parseAddress('2001:db8:666::1') }), []);
    assert.deepEqual(peer.say(peer.r1bis(), { destination: parseAddress('2001:db8:11::99') }), []);
    assert.deepEqual(peer.say({ ...peer.r1bis(), options: [] } as never), []);
    assert.equal(peer.core.counters['unmatched-R1bis'], 4);
    assert.equal(peer.state, 'ESTABLISHED');
  });

  test('I2bis: anything its validator is bound to changed', () => {
    const peer = new ScriptedPeer();
    const [r1bis] = peer.payload({ high: 2, low: 2 });
    assert.ok(r1bis?.type === 'R1bis');
    const [validator] = r1bis.options;
    assert.ok(validator?.type === 'ResponderValidator');
    for (const changes of [
      { packetTag: { high: 2, low: 3 } },
      { responderNonce: (r1bis.responderNonce + 1) >>> 0 },
      { options: [{ ...validator, validator: flipLast(validator.validator) }] },
    ]) {
      assert.deepEqual(peer.say(peer.i2bis({ ...r1bis, ...changes })), []);
    }
    assert.deepEqual(peer.say(peer.i2bis(r1bis), { source: hostB.locators[1]!.address }), []);
    assert.equal(peer.core.counters['bad-validator'], 4);
    peer.pass(61_000);
    assert.deepEqual(peer.say(peer.i2bis(r1bis)), [], 'too old');
    assert.equal(peer.core.size, 0);
  });

  test('I2bis: locators that are not proved', () => {
    const peer = new ScriptedPeer();
    const [r1bis] = peer.payload({ high: 2, low: 2 });
    assert.ok(r1bis?.type === 'R1bis');
    const unsigned = peer.locators().filter(({ type }) => type !== 'CgaSignature');
    assert.deepEqual(
      peer.say(peer.i2bis(r1bis, unsigned)).map(({ type }) => type),
      ['Error'],
    );
    assert.deepEqual(peer.say(peer.i2bis(r1bis, [])), [], 'the source is not the ULID');
    assert.equal(peer.core.counters['source-not-listed'], 1);
    assert.equal(peer.core.size, 0);
    assert.equal(peer.say(peer.i2bis(r1bis))[0]?.type, 'R2', 'the true one still counts');
  });

  test('I2 and I2bis are good for one context: replayed after it is gone they make no other', () => {
    const peer = new ScriptedPeer();
    const r1 = peer.ask(peer.i1(), 'R1');
    const [r1bis] = peer.payload({ high: 2, low: 2 });
    assert.ok(r1bis?.type === 'R1bis');
    for (const message of [peer.i2(r1), peer.i2bis(r1bis)]) {
      assert.equal(peer.say(message)[0]?.type, 'R2');
      assert.equal(peer.say(message)[0]?.type, 'R2', 'R2 was lost');
      peer.core.remove(hostA.ulid, hostB.ulid);
      assert.deepEqual(peer.say(message), []);
      assert.equal(peer.core.size, 0);
    }
    assert.equal(peer.core.counters['replayed-I2'], 2);
  });

  test('an I2bis released late does not bring back a tag that its sender has lost since', () => {
    const peer = new ScriptedPeer().bring('ESTABLISHED');
    const [early] = peer.payload({ high: 2, low: 2 });
    const [late] = peer.payload({ high: 2, low: 2 });
    assert.ok(early?.type === 'R1bis' && late?.type === 'R1bis');
    const old = peer.i2bis(early);
    peer.tag = { high: 3, low: 3 };
    assert.equal(peer.say(peer.i2bis(late))[0]?.type, 'R2');
    assert.deepEqual(peer.say(old), []);
    assert.deepEqual(peer.context!.peerTag, peer.tag);
  });
});
