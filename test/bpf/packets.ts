/** Frames for the data path's fixtures: what stands in them is written out, what follows from it is computed. */
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';

export const NextHeader = {
  hopByHop: 0,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  esp: 50,
  authentication: 51,
  icmp6: 58,
  none: 59,
  destinationOptions: 60,
  shim6: 140,
} as const;

const ETHERNET_IPV6 = [0x86, 0xdd];

/** A header of the chain or the upper layer: an extension header's first octet is set to its successor's type. */
export interface Part {
  readonly type: number;
  readonly octets: Uint8Array;
  readonly chained: boolean;
}

export interface Link {
  readonly destination: string;
  readonly source: string;
  /** 802.1Q VLAN identifier; absent: untagged. */
  readonly vlan?: number;
  /** EtherType of the tag, by default 0x8100. */
  readonly tagType?: number;
}

export interface FrameFields {
  readonly link: Link;
  readonly source: string | Address;
  readonly destination: string | Address;
  readonly hopLimit?: number;
  readonly parts: readonly Part[];
  /** In place of the true payload length. */
  readonly payloadLength?: number;
  /** Octets of Ethernet padding behind the packet. */
  readonly padding?: number;
}

export const concat = (...pieces: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(pieces.flatMap((piece) => [...piece]));

const short = (value: number) => [(value >> 8) & 0xff, value & 0xff];
const mac = (text: string) => text.split(':').map((octet) => Number.parseInt(octet, 16));
const octetsOf = (address: string | Address) =>
  typeof address === 'string' ? parseAddress(address) : address;

export function linkHeader({ destination, source, vlan, tagType = 0x8100 }: Link): Uint8Array {
  const tag = vlan === undefined ? [] : [...short(tagType), ...short(vlan)];
  return concat(mac(destination), mac(source), tag);
}

/** Traffic class 0xb8 and a flow label stand in every packet: they must survive. */
export function packet(fields: Omit<FrameFields, 'link'>): Uint8Array {
  const { parts, hopLimit = 64 } = fields;
  const payload = concat(
    ...parts.map(({ octets, chained }, index) =>
      chained ? concat([parts[index + 1]?.type ?? NextHeader.none], octets.subarray(1)) : octets,
    ),
  );
  return concat(
    [0x6b, 0x81, 0x23, 0x45],
    short(fields.payloadLength ?? payload.length),
    [parts[0]?.type ?? NextHeader.none, hopLimit],
    octetsOf(fields.source),
    octetsOf(fields.destination),
    payload,
  );
}

export function frame(fields: FrameFields): Uint8Array {
  const padding = new Uint8Array(fields.padding ?? 0).fill(0xee);
  return concat(linkHeader(fields.link), ETHERNET_IPV6, packet(fields), padding);
}

/** Octets 1, 2, 3, … so that each one's place can be told. */
export const counting = (length: number, start = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => start + index);

const extension = (type: number, octets: readonly number[] | Uint8Array): Part => ({
  type,
  octets: Uint8Array.from(octets),
  chained: true,
});
const upperLayer = (type: number, octets: Uint8Array): Part => ({ type, octets, chained: false });

/** An options header of `units` times 8 octets, filled by one PadN option. */
const options = (type: number, units: number, seed: number): Part => {
  const filler = units * 8 - 4;
  // PadN's data should be zero; it is not here, so that a shift by 8 octets shows.
  return extension(type, concat([0, units - 1, 1, filler], counting(filler, seed)));
};

export const hopByHop = (units = 1): Part => options(NextHeader.hopByHop, units, 0x20);
export const destinationOptions = (units = 1, seed = 0x40): Part =>
  options(NextHeader.destinationOptions, units, seed);

/** A Routing header of type 4 with one address. */
export const routing = (segmentsLeft = 0): Part =>
  extension(NextHeader.routing, concat([0, 2, 4, segmentsLeft, 0, 0, 0, 0], counting(16, 0x60)));

export const fragment = (offset: number, more: boolean): Part =>
  extension(NextHeader.fragment, [0, 0, ...short(offset | (more ? 1 : 0)), 0xde, 0xad, 0xbe, 0xef]);

export const authentication = (): Part =>
  extension(NextHeader.authentication, concat([0, 4, 0, 0], counting(20, 0x80)));

export const esp = (): Part => upperLayer(NextHeader.esp, counting(40, 0xa0));

export const udp = (length = 20): Part =>
  upperLayer(
    NextHeader.udp,
    concat([0x30, 0x39, 0, 53, ...short(length), 0xab, 0xcd], counting(length)).slice(0, length),
  );

export const tcp = (data = 11): Part =>
  upperLayer(
    NextHeader.tcp,
    concat(
      [0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0x20, 0, 0xbe, 0xef, 0, 0],
      counting(data),
    ),
  );

export const icmp6 = (type = 128): Part =>
  upperLayer(NextHeader.icmp6, concat([type, 0, 0x12, 0x34, 0, 1, 0, 2], counting(16)));

/** RFC 4443 §2.1: an error about `invoking`, the beginning of an IPv6 packet. Its checksum is not right. */
export const icmp6Error = (type: number, invoking: Uint8Array, code = 0, word = 0): Part =>
  upperLayer(
    NextHeader.icmp6,
    concat([type, code, 0x12, 0x34, ...short(word >>> 16), ...short(word)], invoking),
  );

/** RFC 5533 §5.2: P = 1 and 47 bits of context tag. */
export const payloadHeader = (tag: Tag): Part =>
  extension(NextHeader.shim6, [
    0,
    0,
    0x80 | (tag.high >> 8),
    tag.high & 0xff,
    ...short(tag.low >>> 16),
    ...short(tag.low),
  ]);

/** A SHIM6 control message of `units` times 8 octets: P = 0 (RFC 5533 §5.3). Type 67 is Probe. */
export const controlMessage = (units = 3, type = 67): Part =>
  upperLayer(
    NextHeader.shim6,
    concat([NextHeader.none, units - 1, type, 0, 0x55, 0x55], counting(units * 8 - 6)),
  );

export interface Tag {
  readonly high: number;
  readonly low: number;
}
