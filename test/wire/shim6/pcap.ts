/** Writes packets as a capture file of raw IPv6. */
import type { Address } from '../../../control/wire/ipv6/address.ts';

interface Ipv6Header {
  readonly source: Address;
  readonly destination: Address;
  readonly nextHeader: number;
}

const LINKTYPE_IPV6 = 229;
const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
const IPV6_HEADER_LENGTH = 40;

/** A pcap file with one packet per payload, each behind the same IPv6 header. */
export function capture(payloads: readonly Uint8Array[], header: Ipv6Header): Uint8Array {
  const sizes = payloads.map((payload) => RECORD_HEADER_LENGTH + IPV6_HEADER_LENGTH + payload.length);
  const file = new Uint8Array(sizes.reduce((sum, size) => sum + size, FILE_HEADER_LENGTH));
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xa1b2c3d4);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, 0xffff);
  view.setUint32(20, LINKTYPE_IPV6);
  let at = FILE_HEADER_LENGTH;
  for (const payload of payloads) {
    const length = IPV6_HEADER_LENGTH + payload.length;
    view.setUint32(at + 8, length);
    view.setUint32(at + 12, length);
    at += RECORD_HEADER_LENGTH;
    view.setUint8(at, 0x60);
    view.setUint16(at + 4, payload.length);
    view.setUint8(at + 6, header.nextHeader);
    view.setUint8(at + 7, 64);
    file.set(header.source, at + 8);
    file.set(header.destination, at + 24);
    file.set(payload, at + IPV6_HEADER_LENGTH);
    at += length;
  }
  return file;
}
