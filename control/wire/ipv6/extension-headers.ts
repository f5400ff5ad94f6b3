/** The extension header chain (RFC 8200 §4) as far as the shim and what is behind it. */
import { ADDRESS_LENGTH } from './address.ts';
import { IPV6_HEADER_LENGTH } from './header.ts';

export const ExtensionHeader = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  destinationOptions: 60,
} as const;

const NEXT_HEADER_OFFSET = 8 - 2;
/** Where the addresses end and the chain begins. */
const CHAIN_OFFSET = 8 + 2 * ADDRESS_LENGTH;
const OPTIONS: ReadonlySet<number> = new Set([
  ExtensionHeader.hopByHop,
  ExtensionHeader.routing,
  ExtensionHeader.destinationOptions,
]);

/** A place in the chain. Octets from the start of the IPv6 header. */
export interface ChainPosition {
  readonly offset: number;
  /** Of the Next Header octet that announces what is at `offset`. */
  readonly pointer: number;
  readonly nextHeader: number;
}

/**
 * What follows the Hop-by-Hop Options, Routing and Destination Options headers of `packet`, of which there may be no
 * more than its beginning. Undefined when it ends before that.
 */
export function afterOptions(packet: Uint8Array): ChainPosition | undefined {
  if (packet.length < IPV6_HEADER_LENGTH) return undefined;
  return walk(packet, OPTIONS);
}

/**
 * Where a payload header belongs, or a Fragment header: after Hop-by-Hop Options and Routing and the Destination
 * Options before a Routing header (RFC 5533 §4.6, RFC 8200 §4.5). Undefined for a chain that ends early.
 */
export function unfragmentablePart(packet: Uint8Array): ChainPosition | undefined {
  if (packet.length < IPV6_HEADER_LENGTH) return undefined;
  let at: ChainPosition | undefined = start(packet);
  let end = at;
  while (at !== undefined && OPTIONS.has(at.nextHeader)) {
    const isOptions = at.nextHeader === ExtensionHeader.destinationOptions;
    at = step(packet, at);
    if (at !== undefined && !isOptions) end = at;
  }
  return at && end;
}

const start = (packet: Uint8Array): ChainPosition => ({
  offset: CHAIN_OFFSET,
  pointer: NEXT_HEADER_OFFSET,
  nextHeader: packet[NEXT_HEADER_OFFSET]!,
});

function walk(packet: Uint8Array, through: ReadonlySet<number>): ChainPosition | undefined {
  let at: ChainPosition | undefined = start(packet);
  while (at !== undefined && through.has(at.nextHeader)) at = step(packet, at);
  return at;
}

function step(packet: Uint8Array, { offset }: ChainPosition): ChainPosition | undefined {
  if (offset + 8 > packet.length) return undefined;
  const next = offset + 8 + packet[offset + 1]! * 8;
  if (next > packet.length) return undefined;
  return { offset: next, pointer: offset, nextHeader: packet[offset]! };
}
