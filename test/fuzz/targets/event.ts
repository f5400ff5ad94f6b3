/** Event records of the data path, and what becomes of the frames in them. */
import assert from 'node:assert/strict';
import { findPayloadHeader, retag } from '../../../control/adapters/held-frame.ts';
import { type PuntActions, PuntHandler } from '../../../control/adapters/punt-handler.ts';
import { decodeEvent, type PuntedFrame } from '../../../control/dataplane/events.ts';
import { FirstPackets } from '../../../control/dataplane/first-packets.ts';
import { Event, eventKinds } from '../../../control/dataplane/layout.generated.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { encodeFrame, encodeIpv6 } from '../../../control/wire/ipv6/header.ts';
import { encodePayloadHeader } from '../../../control/wire/shim6/index.ts';
import { join } from '../mutate.ts';
import { realMessages } from '../real-messages.ts';
import { hold, type Target } from '../target.ts';

const ethernet = { source: new Uint8Array(6), destination: new Uint8Array(6), vlan: 0 };
const ends = { source: parseAddress('fc00:db8:1::1'), destination: parseAddress('2001:db8:21::2') };
const payload = encodePayloadHeader({ nextHeader: 17, receiverTag: { high: 1, low: 2 } });
const limits = { perPair: 4, total: 8, patience: 1_000 };

function record(kind: number, nextHeader: number, octets: Uint8Array): Uint8Array {
  const packet = encodeIpv6({ ...ends, nextHeader, hopLimit: 64 }, octets);
  const frame = encodeFrame(ethernet, packet);
  const bytes = new Uint8Array(Event.frame + frame.length);
  const view = new DataView(bytes.buffer);
  bytes[Event.kind] = kind;
  view.setUint32(Event.ifindex, 2, true);
  view.setUint16(Event.length, frame.length, true);
  view.setUint16(Event.networkOffset, 14, true);
  view.setUint16(Event.mtu, 1272, true);
  bytes.set(frame, Event.frame);
  return bytes;
}

/** Answers every question, yes and no in turn, and does nothing. */
function actions(): PuntActions {
  let calls = 0;
  const answer = () => (++calls % 2 === 0 ? [ends.destination] : undefined);
  return new Proxy({}, { get: () => answer }) as PuntActions;
}

/** Payload that was held gets its context's new tag, and is otherwise what it was. */
function checkRetagged(event: PuntedFrame): void {
  const tag = { high: 0x7abc, low: 0x89abcdef };
  const changed = retag(event, tag);
  if (changed === undefined) return;
  const found = findPayloadHeader(changed.subarray(event.networkOffset));
  assert.deepEqual(found?.receiverTag, tag);
  const differing = [...changed.keys()].filter((index) => changed[index] !== event.frame[index]);
  const start = event.networkOffset + found.offset;
  hold(
    changed.length === event.frame.length && differing.every((index) => index >= start && index < start + 8),
    'more than the tag is changed',
  );
}

export const target: Target = {
  invariant: 'a frame within the record or undefined; handling it throws nothing and holds a bounded number',
  maximumLength: 2048,
  dictionary: [
    ...[0, 43, 44, 50, 58, 60, 140].map((header) => Uint8Array.of(header, 0)),
    Uint8Array.of(0x86, 0xdd, 0x60),
    payload,
  ],
  seeds: () => [
    ...eventKinds.map((_, kind) => record(kind, 17, new Uint8Array(16))),
    ...realMessages()
      .slice(0, 2)
      .map((message) => record(0, 140, message)),
    // Behind a Hop-by-Hop and a Destination Options header.
    record(2, 0, join(Uint8Array.of(60, 0, 1, 4, 0, 0, 0, 0, 140, 0, 1, 4, 0, 0, 0, 0), payload)),
  ],
  run(input) {
    const event = decodeEvent(input);
    if (event === undefined) return;
    hold(event.frame.length + Event.frame <= input.length, 'a frame beyond its record');
    const [firstPackets, heldPayload] = [new FirstPackets(limits), new FirstPackets(limits)];
    const handler = new PuntHandler(actions(), firstPackets, heldPayload, () => 0);
    for (let repeat = 0; repeat < 20; repeat++) handler.handle(event);
    for (const queue of [firstPackets, heldPayload])
      hold(queue.waiting <= limits.total, 'more frames wait than may');
    checkRetagged(event);
  },
};
