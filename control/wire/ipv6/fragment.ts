/** Splitting a packet into fragments (RFC 8200 §4.5). */
import { ExtensionHeader, unfragmentablePart } from './extension-headers.ts';
import { IPV6_HEADER_LENGTH } from './header.ts';

const FRAGMENT_HEADER_LENGTH = 8;
const PAYLOAD_LENGTH_OFFSET = 4;
const MORE = 1;

/**
 * The fragments of a whole packet, none longer than `mtu`; a fragment is split further and keeps its identification.
 * Undefined where the chain of headers ends early, or leaves no room.
 */
export function fragment(
  packet: Uint8Array,
  mtu: number,
  identification: number,
): readonly Uint8Array[] | undefined {
  const split = unfragmentablePart(packet);
  if (split === undefined) return undefined;
  const room = (mtu - split.offset - FRAGMENT_HEADER_LENGTH) & ~7;
  if (room <= 0) return undefined;
  const part = fragmentablePart(packet, split, identification);
  if (part === undefined) return undefined;
  const fragments: Uint8Array[] = [];
  for (let start = 0; start < part.data.length; start += room) {
    const data = part.data.subarray(start, start + room);
    const isLast = start + room >= part.data.length;
    const octets = new Uint8Array(split.offset + FRAGMENT_HEADER_LENGTH + data.length);
    octets.set(packet.subarray(0, split.offset));
    octets[split.pointer] = ExtensionHeader.fragment;
    const view = new DataView(octets.buffer);
    view.setUint16(PAYLOAD_LENGTH_OFFSET, octets.length - IPV6_HEADER_LENGTH);
    view.setUint8(split.offset, part.nextHeader);
    view.setUint16(split.offset + 2, part.offset + start + (isLast ? part.more : MORE));
    view.setUint32(split.offset + 4, part.identification);
    octets.set(data, split.offset + FRAGMENT_HEADER_LENGTH);
    fragments.push(octets);
  }
  return fragments;
}

interface FragmentablePart {
  readonly data: Uint8Array;
  readonly nextHeader: number;
  /** Of the data in the original packet, octets: a multiple of 8. */
  readonly offset: number;
  readonly more: 0 | 1;
  readonly identification: number;
}

function fragmentablePart(
  packet: Uint8Array,
  { offset, nextHeader }: { readonly offset: number; readonly nextHeader: number },
  identification: number,
): FragmentablePart | undefined {
  if (nextHeader !== ExtensionHeader.fragment) {
    return { data: packet.subarray(offset), nextHeader, offset: 0, more: 0, identification };
  }
  if (offset + FRAGMENT_HEADER_LENGTH > packet.length) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset + offset);
  const field = view.getUint16(2);
  return {
    data: packet.subarray(offset + FRAGMENT_HEADER_LENGTH),
    nextHeader: view.getUint8(0),
    offset: field & ~7,
    more: (field & MORE) as 0 | 1,
    identification: view.getUint32(4),
  };
}
