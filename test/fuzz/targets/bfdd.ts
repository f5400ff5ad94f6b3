/** What comes from bfdd's control socket, in two pieces: the octets choose where they are cut. */
import assert from 'node:assert/strict';
import { BfdSessions } from '../../../control/site/liveness/bfd-sessions.ts';
import { BfddProtocolError, BfddReader } from '../../../control/site/liveness/bfdd-protocol.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { join } from '../mutate.ts';
import { hold, type Target } from '../target.ts';
import { text } from '../words.ts';

const PEER = '2001:db8:1::2';

function framed(type: number, body: string): Uint8Array {
  const octets = text(body);
  return join(Uint8Array.of(0, 0, octets.length >> 8, octets.length, 0, 1, type, 1), octets);
}

const status = (state: string) =>
  `{"op":"status","ipv6":true,"peer-address":"${PEER}","local-interface":"x1","state":"${state}","diagnostics":1,"remote-diagnostics":0}`;

export const target: Target = {
  invariant: 'states or a BfddProtocolError, the same however the stream is cut',
  maximumLength: 1024,
  dictionary: [
    '"op":',
    '"status"',
    '"delete"',
    '"state":',
    '"up"',
    '"down"',
    '"adm-down"',
    '{}',
    'null',
    '1e999',
  ].map(text),
  seeds: () => [
    join(Uint8Array.of(30), framed(1, '{"status":"ok"}'), framed(4, status('up')), framed(4, status('down'))),
    join(Uint8Array.of(3), framed(4, `{"op":"delete","peer-address":"${PEER}"}`)),
    join(Uint8Array.of(200), framed(4, status('init').replace(PEER, '192.0.2.1')), framed(4, '{}')),
  ],
  run(input) {
    const [cut = 0] = input;
    const stream = input.subarray(1);
    assert.deepEqual(said([stream.subarray(0, cut), stream.subarray(cut)]), said([stream]));
  },
};

/** What the sessions say; and whether the octets ended as a mistake. */
function said(pieces: readonly Uint8Array[]): readonly string[] {
  const words: string[] = [];
  const reader = new BfddReader();
  const watched = [{ uplink: 0, peer: parseAddress(PEER), interface: 'x1' }];
  const sessions = new BfdSessions(watched, (uplink, { state, detail }) => {
    hold(uplink === 0, 'an uplink that is not watched');
    words.push(`${state}: ${detail}`);
  });
  try {
    for (const piece of pieces)
      for (const message of reader.read(piece)) if (message.op !== 'response') sessions.handle(message);
  } catch (error) {
    if (!(error instanceof BfddProtocolError)) throw error;
    return ['mistake'];
  }
  return words;
}
