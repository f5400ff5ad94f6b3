/** What a program may do with a frame. */
import type { Frame } from './packet.ts';
import { hex, type Port } from './tables.ts';

export interface Outcome {
  readonly verdict: 'passed' | 'forwarded' | 'to-kernel' | 'punted' | 'dropped' | 'answered';
  /** The drop's reason or the punt's kind. */
  readonly because?: string;
  /** The frame as it leaves; undefined: as it came. */
  readonly frame?: Uint8Array;
  /** What is left of a frame that came by a tunnel, where it is not rewritten further. */
  readonly opened?: Uint8Array;
  /** Of a punt. */
  readonly uplink?: number;
  readonly mtu?: number;
  /** A fork that the packet should have taken and that is not there: the controller is told, whatever becomes of it. */
  readonly wanted?: number;
}

export const passed: Outcome = { verdict: 'passed' };
export const dropped = (because: string): Outcome => ({ verdict: 'dropped', because });

/** Events longer than this are cut, and these kinds not sent at all. */
const MOST_PUNTED = 3504;
const WHOLE: ReadonlySet<string> = new Set(['control', 'miss', 'icmp-error', 'fragment']);

export function punt(frame: Frame, because: string, more: { uplink?: number; mtu?: number } = {}): Outcome {
  if (frame.octets.length > MOST_PUNTED && WHOLE.has(because)) return dropped('punt-too-long');
  return { verdict: 'punted', because, ...more };
}

export const concat = (...pieces: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(pieces.flatMap((piece) => [...piece]));

/** The Ethernet header of a frame that leaves by a port. */
export function link({ mac, vlan }: Port, destination: Uint8Array): Uint8Array {
  const tag = vlan === 0 ? [] : [0x81, 0, vlan >> 8, vlan & 0xff];
  return concat(destination, mac, tag, [0x86, 0xdd]);
}

/** One text for each different outcome, for messages and comparison. */
export function describeOutcome(outcome: Outcome): string {
  const { verdict, because = '', uplink = 0, mtu = 0, wanted = 0, frame } = outcome;
  const shown = frame === undefined ? '' : hex(frame);
  return `${verdict} ${because} uplink ${uplink} mtu ${mtu} wanted ${wanted} ${shown}`;
}
