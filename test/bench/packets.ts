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

const ULID_PREFIX = { local: [0xfc00, 0xdb8, 1, 0], peer: [0xfc00, 0xdb8, 2, 0] } as const;
const LOCATOR_PREFIX = { local: [0x2001, 0xdb8, 0x11, 0], peer: [0x2001, 0xdb8, 0x21, 0] } as const;

const IDENTIFIER_FACTORS = { local: [0x9e3779b1, 0x85ebca77], peer: [0xc2b2ae3d, 0x27d4eb2f] } as const;
const TAG_FACTOR = 0x165667b1;

const HOP_LIMIT = 64;
const SOURCE_PORT = 40000;
const DESTINATION_PORT = 443;
const DATAGRAM_LENGTH = 10;
const NEXT_UDP = 17;
const NEXT_SHIM6 = 140;

export const HOST_FRAME_LENGTH = 64;
export const SHIM_FRAME_LENGTH = 72;

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
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    for (let word = 0; word < 4; word++) view.setUint16(word * 2, prefix[word]!);
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
  view.setUint32(14, 0x6000_0000);
  view.setUint16(18, payload.length);
  bytes[20] = nextHeader;
  bytes[21] = hopLimit;
  bytes.set(source, 22);
  bytes.set(destination, 38);
  bytes.set(payload, 54);
  return bytes;
}

/** The UDP datagram; its checksum covers the given addresses (RFC 8200 §8.1). */
function datagram(source: Address, destination: Address): Uint8Array {
  const bytes = new Uint8Array(DATAGRAM_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, SOURCE_PORT);
  view.setUint16(2, DESTINATION_PORT);
  view.setUint16(4, DATAGRAM_LENGTH);
  view.setUint16(8, 0x5053);
  const sum = onesComplementSum([
    ...words(source),
    ...words(destination),
    ...words(bytes),
    DATAGRAM_LENGTH,
    NEXT_UDP,
  ]);
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

/** As the generator makes them. */
export function hostFrame({ localUlid: source, peerUlid: destination }: Context): Uint8Array {
  const payload = datagram(source, destination);
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
export function insertedFrame(context: Context): Uint8Array {
  return frame({
    ethernet: leaving,
    source: context.localLocator,
    destination: context.peerLocator,
    hopLimit: HOP_LIMIT - 1,
    payload: withPayloadHeader(context, datagram(context.localUlid, context.peerUlid)),
    nextHeader: NEXT_SHIM6,
  });
}

/** Stripped: what the peer's host had sent. */
export function strippedFrame({ localUlid, peerUlid }: Context): Uint8Array {
  const payload = datagram(peerUlid, localUlid);
  const ends = { source: peerUlid, destination: localUlid };
  return frame({ ethernet: leaving, ...ends, hopLimit: HOP_LIMIT - 1, payload, nextHeader: NEXT_UDP });
}

/** Forwarded by the kernel from `source`, with the checksum right for it. */
export function forwardedFrame({ localUlid, peerUlid }: Context, source: Address = localUlid): Uint8Array {
  const payload = datagram(source, peerUlid);
  const ends = { source, destination: peerUlid };
  return frame({ ethernet: leaving, ...ends, hopLimit: HOP_LIMIT - 1, payload, nextHeader: NEXT_UDP });
}

/** Forwarded with the source's /48 replaced by the locators': checksum-neutral by word 3 (RFC 6296 §3.4, §3.6). */
export function prefixTranslatedFrame(context: Context): Uint8Array {
  const source = Uint8Array.from(context.localUlid);
  const before = onesComplementSum(ULID_PREFIX.local.slice(0, 3));
  const after = onesComplementSum(LOCATOR_PREFIX.local.slice(0, 3));
  const view = new DataView(source.buffer);
  for (let word = 0; word < 3; word++) view.setUint16(word * 2, LOCATOR_PREFIX.local[word]!);
  const subnet = onesComplementSum([view.getUint16(6), before, 0xffff - after]);
  view.setUint16(6, subnet === 0xffff ? 0 : subnet);
  const translated = forwardedFrame(context);
  translated.set(source, 22);
  return translated;
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(index * 2));
}

function onesComplementSum(words: readonly number[]): number {
  const sum = words.reduce((total, word) => total + word, 0);
  return sum === 0 ? 0 : ((sum - 1) % 0xffff) + 1;
}
