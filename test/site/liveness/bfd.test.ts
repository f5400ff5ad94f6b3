/** bfdd's control protocol as bfdd 8.4.4 speaks it, and what its sessions say of uplinks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BfdSessions } from '../../../control/site/liveness/bfd-sessions.ts';
import {
  BfddProtocolError,
  BfddReader,
  type BfdNotification,
  encodeSubscription,
} from '../../../control/site/liveness/bfdd-protocol.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';

function framed(type: number, body: string, version = 1): Uint8Array {
  const text = new TextEncoder().encode(body);
  const bytes = new Uint8Array(8 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, text.length);
  view.setUint8(6, type);
  view.setUint8(7, version);
  bytes.set(text, 8);
  return bytes;
}

/** As captured from bfdd 8.4.4. */
const STATUS =
  '{"op":"status","ipv6":true,"multihop":false,"peer-address":"2001:db8:1::2","local-address":"2001:db8:1::1",' +
  '"local-interface":"x1","id":2365016742,"remote-id":2365016742,"state":"down","downtime":98,"diagnostics":1,"remote-diagnostics":0}';

test('a subscription asks for states and sessions', () => {
  assert.deepEqual([...encodeSubscription(7)], [0, 0, 0, 8, 0, 7, 4, 1, 3, 0, 0, 0, 0, 0, 0, 0]);
});

test('messages are cut out of a stream however it is divided', () => {
  const stream = Uint8Array.from([
    ...framed(1, '{"status":"ok"}'),
    ...framed(4, STATUS),
    ...framed(4, '{"op":"add","peer-address":"2001:db8:1::2"}'),
    ...framed(4, STATUS.replace('2001:db8:1::2', '192.0.2.1')),
  ]);
  for (const size of [1, 7, 64, stream.length]) {
    const reader = new BfddReader();
    const ops: string[] = [];
    for (let at = 0; at < stream.length; at += size)
      ops.push(...reader.read(stream.subarray(at, at + size)).map(({ op }) => op));
    assert.deepEqual(ops, ['response', 'status'], `pieces of ${size}`);
  }
});

test('what is no message of bfdd is refused, and nothing of any length is waited for', () => {
  for (const bytes of [
    framed(4, '{}', 2),
    framed(4, 'no JSON'),
    Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 4, 1),
  ])
    assert.throws(() => new BfddReader().read(bytes), BfddProtocolError);
});

function watch() {
  const said: string[] = [];
  const watched = [
    { uplink: 0, peer: parseAddress('fe80::1'), interface: 'x1' },
    { uplink: 1, peer: parseAddress('fe80::1'), interface: 'y1' },
  ];
  const sessions = new BfdSessions(watched, (uplink, { source, state, detail }) => {
    assert.equal(source, 'bfd');
    said.push(`${uplink} ${state}: ${detail}`);
  });
  const say = (state: 'up' | 'down' | 'init' | 'adm-down', diagnostics = 0, more = {}) => {
    const notification: BfdNotification = {
      op: 'status',
      'peer-address': parseAddress('fe80::1'),
      'local-interface': 'x1',
      state,
      diagnostics,
      'remote-diagnostics': 0,
      ...more,
    };
    said.length = 0;
    sessions.handle(notification);
    return [...said];
  };
  return { sessions, say, said };
}

test('a session that was up and is lost is a failure, with its diagnostic', () => {
  const { say } = watch();
  assert.deepEqual(say('up'), ['0 up: session up']);
  assert.deepEqual(say('down', 1), ['0 down: control detection time expired']);
  assert.deepEqual(say('down', 3), ['0 down: neighbor signaled session down']);
});

test('a session that was lost before we came is a failure too', () => {
  assert.deepEqual(watch().say('down', 1), ['0 down: control detection time expired']);
});

test('a session that was never up says nothing (RFC 5882 §3)', () => {
  const { say } = watch();
  assert.deepEqual(say('down'), ['0 unknown: session not up yet']);
  assert.deepEqual(say('init'), ['0 unknown: session not up yet']);
});

test('an administrator says nothing about the path (RFC 5880 §6.8.16)', () => {
  const { say } = watch();
  say('up');
  assert.deepEqual(say('adm-down'), ['0 unknown: administratively down']);
  say('up');
  assert.deepEqual(say('down', 3, { 'remote-diagnostics': 7 }), ['0 unknown: administratively down']);
});

test('links that share a link-local address are told apart by their interface', () => {
  const { say } = watch();
  assert.deepEqual(say('up', 0, { 'local-interface': 'y1' }), ['1 up: session up']);
  assert.deepEqual(say('up', 0, { 'local-interface': undefined }), ['0 up: session up', '1 up: session up']);
  assert.deepEqual(say('up', 0, { 'peer-address': parseAddress('fe80::2') }), []);
});

test('a bfdd that dies and comes back does not take an uplink down', () => {
  const { sessions, say, said } = watch();
  say('up');
  said.length = 0;
  sessions.lose('bfdd closed its control socket');
  assert.deepEqual(said, [
    '0 unknown: bfdd closed its control socket',
    '1 unknown: bfdd closed its control socket',
  ]);
  // Its sessions begin anew, or expired while it hung.
  assert.deepEqual(say('down'), ['0 unknown: session not up yet']);
  assert.deepEqual(say('down', 1), ['0 unknown: session not up yet']);
  assert.deepEqual(say('up'), ['0 up: session up']);
  assert.deepEqual(say('down', 1), ['0 down: control detection time expired']);
});
