/** What becomes of each frame that the XDP programs hand up. */
import type { PuntedFrame } from '../dataplane/events.ts';
import type { FirstPackets, WaitingFrame } from '../dataplane/first-packets.ts';
import type { Icmp6Error } from '../wire/icmp6/errors.ts';
import { type Address, pairKey } from '../wire/ipv6/address.ts';
import { decodeIpv6Header, IPV6_HEADER_LENGTH, type Ipv6Header } from '../wire/ipv6/header.ts';
import { DecodeError } from '../wire/octets.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import { decodePayloadHeader } from '../wire/shim6/payload-header.ts';

/** What the handler may cause; the daemon supplies it. */
export interface PuntActions {
  isHost(ulid: Address): boolean;
  isLocator(address: Address): boolean;
  isInstalled(local: Address, peer: Address): boolean;
  /** Locators to try for a peer, from DNS; undefined when nothing is known of it. */
  peerLocators(peer: Address): readonly Address[] | undefined;
  establish(local: Address, peer: Address, locators: readonly Address[]): void;
  handleMessage(source: Address, destination: Address, message: Uint8Array): void;
  /** Whether the tag is one of ours by now. */
  isReceiver(tag: ContextTag): boolean;
  /** Back into the program the frame came from. */
  injectInside(frame: Uint8Array): void;
  injectOutside(frame: Uint8Array): void;
  sendError(invoking: WaitingFrame, error: Icmp6Error): void;
}

export interface PuntCounters {
  notIpv6: number;
  notOurLocator: number;
  notOurHost: number;
  unknownPeer: number;
  unknownTag: number;
}

export class PuntHandler {
  readonly #actions: PuntActions;
  readonly #firstPackets: FirstPackets;
  readonly #now: () => number;
  readonly counters: PuntCounters = {
    notIpv6: 0,
    notOurLocator: 0,
    notOurHost: 0,
    unknownPeer: 0,
    unknownTag: 0,
  };

  constructor(actions: PuntActions, firstPackets: FirstPackets, now: () => number) {
    this.#actions = actions;
    this.#firstPackets = firstPackets;
    this.#now = now;
  }

  handle(event: PuntedFrame): void {
    const packet = event.frame.subarray(event.networkOffset);
    const header = decodeIpv6Header(packet);
    if (header === undefined) {
      this.counters.notIpv6++;
      return;
    }
    switch (event.kind) {
      case 'control':
        return this.#control(header, packet);
      case 'miss':
        return this.#miss(header, event);
      case 'too-big':
        return this.#actions.sendError(event, { kind: 'packet-too-big', mtu: event.mtu });
      case 'hop-limit':
        return this.#actions.sendError(event, { kind: 'hop-limit-exceeded' });
      case 'no-uplink':
        return this.#actions.sendError(event, { kind: 'no-route' });
      case 'unknown-tag':
        return this.#unknownTag(header, packet, event.frame);
    }
  }

  #control(header: Ipv6Header, packet: Uint8Array): void {
    const message = shim6Message(header, packet);
    if (message === undefined) this.counters.notIpv6++;
    else if (!this.#actions.isLocator(header.destination)) this.counters.notOurLocator++;
    else this.#actions.handleMessage(header.source, header.destination, message);
  }

  /** A peer may use the context from the moment it stands there: its R2 and its payload come up right behind each other. */
  #unknownTag(header: Ipv6Header, packet: Uint8Array, frame: Uint8Array): void {
    const payload = shim6Message(header, packet);
    const tag = payload === undefined ? undefined : receiverTag(payload);
    if (tag !== undefined && this.#actions.isReceiver(tag)) this.#actions.injectOutside(frame);
    else this.counters.unknownTag++;
  }

  #miss(header: Ipv6Header, waiting: WaitingFrame): void {
    const { source, destination } = header;
    if (!this.#actions.isHost(source)) {
      this.counters.notOurHost++;
      return this.#actions.sendError(waiting, { kind: 'no-route' });
    }
    const pair = pairKey(source, destination);
    // The context came to stand while the frame was on its way up, and nothing waits before it.
    if (this.#actions.isInstalled(source, destination) && this.#firstPackets.since(pair) === undefined) {
      return this.#actions.injectInside(waiting.frame);
    }
    const locators = this.#actions.peerLocators(destination);
    if (locators === undefined) {
      this.counters.unknownPeer++;
      return this.#actions.sendError(waiting, { kind: 'no-route' });
    }
    this.#firstPackets.add(this.#now(), pair, waiting);
    this.#actions.establish(source, destination, locators);
  }
}

const EXTENSION_HEADERS = new Set([0, 43, 60]);
const SHIM6 = 140;

/** The SHIM6 header and what follows it in a packet, behind whatever extension headers precede it; the data path saw it there. */
function shim6Message(header: Ipv6Header, packet: Uint8Array): Uint8Array | undefined {
  const end = Math.min(packet.length, IPV6_HEADER_LENGTH + header.payloadLength);
  let offset = IPV6_HEADER_LENGTH;
  let next = header.nextHeader;
  while (EXTENSION_HEADERS.has(next) && offset + 8 <= end) {
    next = packet[offset]!;
    offset += (packet[offset + 1]! + 1) * 8;
  }
  return next === SHIM6 && offset < end ? packet.slice(offset, end) : undefined;
}

function receiverTag(payload: Uint8Array): ContextTag | undefined {
  try {
    return decodePayloadHeader(payload).receiverTag;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
