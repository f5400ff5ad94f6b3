/** Frames that the XDP programs hand to the controller: struct event in bpf/layout.h. */
import { Event, eventKinds } from './layout.generated.ts';

export type EventName = (typeof eventKinds)[number]['name'];

export interface PuntedFrame {
  readonly kind: EventName;
  /** Where it came in. */
  readonly ifindex: number;
  /** The whole Ethernet frame. */
  readonly frame: Uint8Array;
  /** Of the IPv6 header in the frame, octets. */
  readonly networkOffset: number;
  /** too-big, outside-too-big: the largest packet its sender gets through, octets; may be below 1280. */
  readonly mtu: number;
  /** fork: the Forked Instance Identifier of the context that is wanted. */
  readonly fork: number;
}

/** Copies the event out of the ring. Undefined for a record that is none, which the programs never write. */
export function decodeEvent(record: Uint8Array): PuntedFrame | undefined {
  if (record.length < Event.frame) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const kind = eventKinds[record[Event.kind]!];
  const length = view.getUint16(Event.length, true);
  if (kind === undefined || Event.frame + length > record.length) return undefined;
  return {
    kind: kind.name,
    ifindex: view.getUint32(Event.ifindex, true),
    frame: record.slice(Event.frame, Event.frame + length),
    networkOffset: view.getUint16(Event.networkOffset, true),
    mtu: view.getUint16(Event.mtu, true),
    fork: view.getUint32(Event.fork, true),
  };
}
