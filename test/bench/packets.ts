/**
 * The frames of packets.h, and what each row must make of them. Written from the RFCs, not from
 * the programs: the check before every measurement compares the two.
 */
import type { Address } from '../../control/wire/ipv6/address.ts';

export const MAC = {
  generator: Uint8Array.of(2, 0, 0, 0, 0, 0x0a),
  boxIn: Uint8Array.of(2, 0, 0, 0, 0, 0x0b),
  boxOut: Uint8Array.of(2, 0, 0, 0, 0, 0x0c),
  sink: Uint8Array.of(2, 0, 0, 0, 0, 0x0d),
} as const;

export const ULID_PREFIX = { local: [0xfc00, 0xdb8, 1, 0], peer: [0xfc00, 0xdb8, 2, 0] } as const;
export const LOCATOR_PREFIX = {
  local: [0x2001, 0xdb8, 0x11, 0],
  peer: [0x2001, 0xdb8, 0x21, 0],
} as const;
/** What the kernel's masquerading puts for the source. */
export const BOX_ADDRESS = [0x2001, 0xdb8, 0x11, 0, 0, 0, 0, 0xc] as const;

/** Both ends of a tunnel, as the box sees them: itself and an exit router. */
export const TUNNEL = {
  local: [0xfd00, 0xdb8, 1, 0xb, 0, 0, 0, 1],
  remote: [0xfd00, 0xdb8, 1, 0xb, 0, 0, 0, 0xe1],
} as const;

/** Odd, so that different contexts have different identifiers. */
export const IDENTIFIER_FACTORS = {
  local: [0x9e3779b1, 0x85ebca77],
  peer: [0xc2b2ae3d, 0x27d4eb2f],
} as const;
const TAG_FACTOR = 0x165667b1;

/** Version, traffic class (EF, ECT(0)) and flow label of every packet. */
const FIRST_WORD = 0x6ba1_2345;
const HOP_LIMIT = 64;
export type Ports = readonly [source: number, destination: number];
export const PORTS: Ports = [40000, 443];
/** The datagram of the shortest frame, octets. */
export const LEAST_DATAGRAM = 10;
/** The first two octets behind the UDP header; the rest are zeros. */
export const DATAGRAM_PAYLOAD = 0x5053;
export const NEXT_UDP = 17;
const NEXT_SHIM6 = 140;
const NEXT_IPV6 = 41;
const ETHERNET_LENGTH = 14;
const TYPE_VLAN = 0x8100;

/** What a context number stands for. */
export interface Context {
  readonly localUlid: Address;
  readonly peerUlid: Address;
  readonly localLocator: Address;
  readonly peerLocator: Address;
  /** Serves as both tags, ours and the peer's: 47 bits. */
  readonly tag: { readonly high: number; readonly low: number };
}

export function context(number: number): Context {
  const low = Math.imul(number, TAG_FACTOR) >>> 0;
  const address = (prefix: readonly number[], end: 'local' | 'peer') => {
    const bytes = addressOf(prefix);
    const view = new DataView(bytes.buffer);
    for (let word = 0; word < 2; word++) {
      view.setUint32(8 + word * 4, Math.imul(number, IDENTIFIER_FACTORS[end][word]!));
    }
    return bytes;
  };
  return {
    localUlid: address(ULID_PREFIX.local, 'local'),
    peerUlid: address(ULID_PREFIX.peer, 'peer'),
    localLocator: address(LOCATOR_PREFIX.local, 'local'),
    peerLocator: address(LOCATOR_PREFIX.peer, 'peer'),
    tag: { high: low >>> 17, low },
  };
}

/** From words of 16 bits; what is missing is 0. */
export function addressOf(words: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint16(index * 2, word);
  return bytes;
}

interface Packet {
  readonly ethernet: { readonly destination: Uint8Array; readonly source: Uint8Array };
  readonly source: Address;
  readonly destination: Address;
  readonly hopLimit: number;
  /** From the end of the IPv6 header on. */
  readonly payload: Uint8Array;
  readonly nextHeader: number;
}

function frame({ ethernet, source, destination, hopLimit, payload, nextHeader }: Packet): Uint8Array {
  const bytes = new Uint8Array(54 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(ethernet.destination, 0);
  bytes.set(ethernet.source, 6);
  view.setUint16(12, 0x86dd);
  view.setUint32(14, FIRST_WORD);
  view.setUint16(18, payload.length);
  bytes[20] = nextHeader;
  bytes[21] = hopLimit;
  bytes.set(source, 22);
  bytes.set(destination, 38);
  bytes.set(payload, 54);
  return bytes;
}

/** Who a packet's sender and receiver are. */
export interface Ends {
  readonly source: Address;
  readonly destination: Address;
}

/** The UDP datagram; its checksum covers the given addresses (RFC 8200 §8.1). */
function datagram({ source, destination }: Ends, length: number, ports: Ports = PORTS): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ports[0]);
  view.setUint16(2, ports[1]);
  view.setUint16(4, length);
  view.setUint16(8, DATAGRAM_PAYLOAD);
  const sum = onesComplementSum([...words(source), ...words(destination), ...words(bytes), length, NEXT_UDP]);
  view.setUint16(6, sum === 0xffff ? 0xffff : 0xffff - sum);
  return bytes;
}

/** The payload header of RFC 5533 §5.2 and what follows it. */
function withPayloadHeader({ tag }: Context, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = NEXT_UDP;
  view.setUint16(2, 0x8000 | tag.high);
  view.setUint32(4, tag.low);
  bytes.set(payload, 8);
  return bytes;
}

const arriving = { destination: MAC.boxIn, source: MAC.generator };
const leaving = { destination: MAC.sink, source: MAC.boxOut };

/** As the generator makes them, from hosts. */
export function hostFrame({ localUlid: source, peerUlid: destination }: Context, length: number): Uint8Array {
  const payload = datagram({ source, destination }, length);
  return frame({
    ethernet: arriving,
    source,
    destination,
    hopLimit: HOP_LIMIT,
    payload,
    nextHeader: NEXT_UDP,
  });
}

/** Inserted: locators for ULIDs, the payload header, the ULIDs' checksum untouched. */
export function insertedFrame(context: Context, length: number): Uint8Array {
  const { localUlid: source, peerUlid: destination } = context;
  return frame({
    ethernet: leaving,
    source: context.localLocator,
    destination: context.peerLocator,
    hopLimit: HOP_LIMIT - 1,
    payload: withPayloadHeader(context, datagram({ source, destination }, length)),
    nextHeader: NEXT_SHIM6,
  });
}

/**
 * Inserted, then sent through the tunnel: a new hop limit, but the packet's own traffic class (RFC 6040 §4.1) and flow
 * label (RFC 6438), which all packets have in common here.
 */
export function tunnelledFrame(context: Context, length: number): Uint8Array {
  return frame({
    ethernet: leaving,
    source: addressOf(TUNNEL.local),
    destination: addressOf(TUNNEL.remote),
    hopLimit: HOP_LIMIT,
    payload: insertedFrame(context, length).subarray(ETHERNET_LENGTH),
    nextHeader: NEXT_IPV6,
  });
}

/** Stripped: what the peer's host had sent. */
export const strippedFrame = ({ localUlid, peerUlid }: Context, length: number): Uint8Array =>
  forwardedFrame({ source: peerUlid, destination: localUlid }, length);

/** Forwarded, the checksum right for the addresses. */
export function forwardedFrame(ends: Ends, length: number, ports?: Ports): Uint8Array {
  const payload = datagram(ends, length, ports);
  return frame({ ethernet: leaving, ...ends, hopLimit: HOP_LIMIT - 1, payload, nextHeader: NEXT_UDP });
}

/** With the 802.1Q tag behind the Ethernet addresses; 0: as it is. */
export function tagged(bytes: Uint8Array, vlan: number): Uint8Array {
  if (vlan === 0) return bytes;
  const tag = [TYPE_VLAN >> 8, TYPE_VLAN & 0xff, vlan >> 8, vlan & 0xff];
  return Uint8Array.from([...bytes.subarray(0, 12), ...tag, ...bytes.subarray(12)]);
}

/** The CMULA's /48 replaced by the locators': checksum-neutral by word 3 (RFC 6296 §3.4, §3.6). */
export function prefixTranslated(ulid: Address): Address {
  const source = Uint8Array.from(ulid);
  const view = new DataView(source.buffer);
  for (let word = 0; word < 3; word++) view.setUint16(word * 2, LOCATOR_PREFIX.local[word]!);
  view.setUint16(6, translatedSubnet(view.getUint16(6)));
  return source;
}

/** What RFC 6296 makes of the site's subnets. */
export function translatedSubnet(subnet: number = ULID_PREFIX.local[3]): number {
  const before = onesComplementSum(ULID_PREFIX.local.slice(0, 3));
  const after = onesComplementSum(LOCATOR_PREFIX.local.slice(0, 3));
  const translated = onesComplementSum([subnet, before, 0xffff - after]);
  return translated === 0xffff ? 0 : translated;
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(index * 2));
}

function onesComplementSum(words: readonly number[]): number {
  const sum = words.reduce((total, word) => total + word, 0);
  return sum === 0 ? 0 : ((sum - 1) % 0xffff) + 1;
}
