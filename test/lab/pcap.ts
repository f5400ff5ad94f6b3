/** Capture files of Ethernet frames, as dumpcap -P writes them, to packets; packets to capture files of raw IPv6. */
import { LabError } from './command.ts';

const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
const MAGIC = 0xa1b2c3d4;
const LINKTYPE_ETHERNET = 1;
const LINKTYPE_IPV6 = 229;
const ETHERNET_HEADER_LENGTH = 14;
const ETHERTYPE_IPV6 = 0x86dd;

/** The frames of a capture, in order. Throws LabError when it is no capture of Ethernet frames. */
export function framesOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < FILE_HEADER_LENGTH || view.getUint32(0, true) !== MAGIC)
    throw new LabError('no capture file');
  if (view.getUint32(20, true) !== LINKTYPE_ETHERNET) throw new LabError('no capture of Ethernet frames');
  const frames: Uint8Array[] = [];
  for (let at = FILE_HEADER_LENGTH; at + RECORD_HEADER_LENGTH <= file.length; ) {
    const length = view.getUint32(at + 8, true);
    const start = at + RECORD_HEADER_LENGTH;
    at = start + length;
    if (at > file.length) break;
    frames.push(file.slice(start, at));
  }
  return frames;
}

/** The IPv6 packets of a capture, in order. Throws LabError when it is no capture of Ethernet frames. */
export const packetsOf = (file: Uint8Array): Uint8Array[] =>
  framesOf(file).flatMap((frame) =>
    frame.length > ETHERNET_HEADER_LENGTH && Buffer.from(frame).readUInt16BE(12) === ETHERTYPE_IPV6
      ? [frame.subarray(ETHERNET_HEADER_LENGTH)]
      : [],
  );

export function captureOf(packets: readonly Uint8Array[]): Uint8Array {
  const octets = packets.reduce(
    (sum, packet) => sum + RECORD_HEADER_LENGTH + packet.length,
    FILE_HEADER_LENGTH,
  );
  const file = new Uint8Array(octets);
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 0xffff, true);
  view.setUint32(20, LINKTYPE_IPV6, true);
  let at = FILE_HEADER_LENGTH;
  for (const packet of packets) {
    view.setUint32(at + 8, packet.length, true);
    view.setUint32(at + 12, packet.length, true);
    file.set(packet, at + RECORD_HEADER_LENGTH);
    at += RECORD_HEADER_LENGTH + packet.length;
  }
  return file;
}
