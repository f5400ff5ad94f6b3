/** What becomes of each frame that the XDP programs hand up. */
import type { PuntedFrame } from '../dataplane/events.ts';
import type { FirstPackets, WaitingFrame } from '../dataplane/first-packets.ts';
import type { Icmp6Error } from '../wire/icmp6/errors.ts';
import { type Address, pairKey } from '../wire/ipv6/address.ts';
import { fragment } from '../wire/ipv6/fragment.ts';
import { decodeIpv6Header, IPV6_HEADER_LENGTH, type Ipv6Header, MINIMUM_MTU } from '../wire/ipv6/header.ts';
import { type ContextTag, formatTag } from '../wire/shim6/context-tag.ts';
import { findPayloadHeader, findShim6 } from './held-frame.ts';

/** What the handler may cause; the daemon supplies it. */
export interface PuntActions {
  isHost(ulid: Address): boolean;
  isLocator(address: Address): boolean;
  /** Live: its packets are forwarded. Held: they wait for the controller. */
  contextState(local: Address, peer: Address): 'none' | 'held' | 'live';
  /** Locators to try for a peer, from DNS; undefined when nothing is known of it. */
  peerLocators(peer: Address): readonly Address[] | undefined;
  /** Looks for them; true when the packet may wait for the end. */
  searchPeer(host: Address, peer: Address): boolean;
  establish(local: Address, peer: Address, locators: readonly Address[]): void;
  /** A packet of an established pair would take this fork. */
  establishFork(local: Address, peer: Address, fork: number): void;
  handleMessage(source: Address, destination: Address, message: Uint8Array): void;
  /** True when the payload is worth holding: its context may come back. */
  handleUnknownTag(source: Address, destination: Address, tag: ContextTag): boolean;
  /** Whether payload with the tag from this source would be delivered by now. */
  isReceiver(tag: ContextTag, source: Address): boolean;
  /** Back into the program the frame came from. */
  injectInside(waiting: WaitingFrame): void;
  injectOutside(frame: Uint8Array): void;
  sendError(invoking: WaitingFrame, error: Icmp6Error): void;
  /** The same to the sender of a packet that came from a provider. */
  sendErrorOutside(invoking: WaitingFrame, error: Icmp6Error): void;
  /** An ICMPv6 error about something that the box sent: a whole IPv6 packet. */
  handleIcmpError(packet: Uint8Array): void;
  /** 32 random bits. */
  identification(): number;
  /** A host's TCP connection to a peer without SHIM6 has lost its provider. */
  tellLoss(segment: WaitingFrame): void;
}

export interface PuntCounters {
  notIpv6: number;
  notOurLocator: number;
  notOurHost: number;
  unknownPeer: number;
  unknownTag: number;
  /** Hosts' packets of at most 1280 octets that did not fit with their payload header. */
  fragmented: number;
  notFragmented: number;
}

export class PuntHandler {
  readonly #actions: PuntActions;
  readonly #firstPackets: FirstPackets;
  readonly #heldPayload: FirstPackets;
  readonly #now: () => number;
  readonly counters: PuntCounters = {
    notIpv6: 0,
    notOurLocator: 0,
    notOurHost: 0,
    unknownPeer: 0,
    unknownTag: 0,
    fragmented: 0,
    notFragmented: 0,
  };

  /** `firstPackets`: where hosts' packets wait, `heldPayload`: peers'. */
  constructor(
    actions: PuntActions,
    firstPackets: FirstPackets,
    heldPayload: FirstPackets,
    now: () => number,
  ) {
    this.#actions = actions;
    this.#firstPackets = firstPackets;
    this.#heldPayload = heldPayload;
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
        return this.#actions.sendError(event, {
          kind: 'packet-too-big',
          mtu: Math.max(MINIMUM_MTU, event.mtu),
        });
      case 'fork':
        return this.#actions.establishFork(header.source, header.destination, event.fork);
      case 'fragment':
        return this.#fragment(packet.subarray(0, IPV6_HEADER_LENGTH + header.payloadLength), event);
      case 'hop-limit':
        return this.#actions.sendError(event, { kind: 'hop-limit-exceeded' });
      case 'outside-too-big':
        return this.#actions.sendErrorOutside(event, { kind: 'packet-too-big', mtu: event.mtu });
      case 'outside-hop-limit':
        return this.#actions.sendErrorOutside(event, { kind: 'hop-limit-exceeded' });
      case 'icmp-error':
        if (this.#actions.isLocator(header.destination)) this.#actions.handleIcmpError(packet);
        else this.counters.notOurLocator++;
        return;
      case 'no-uplink':
        return this.#actions.sendError(event, { kind: 'no-route' });
      case 'nat-lost':
        return this.#actions.tellLoss(event);
      case 'unknown-tag':
      case 'foreign-source':
        return this.#unknownTag(header, packet, event);
    }
  }

  /** Only the payload header makes it too big, which no host can be told. */
  #fragment(packet: Uint8Array, { mtu, frame, networkOffset, ifindex }: PuntedFrame): void {
    const fragments = fragment(packet, mtu, this.#actions.identification());
    if (fragments === undefined) {
      this.counters.notFragmented++;
      return;
    }
    for (const octets of fragments) {
      const whole = new Uint8Array(networkOffset + octets.length);
      whole.set(frame.subarray(0, networkOffset));
      whole.set(octets, networkOffset);
      this.#actions.injectInside({ frame: whole, networkOffset, ifindex });
    }
    this.counters.fragmented++;
  }

  #control(header: Ipv6Header, packet: Uint8Array): void {
    const found = findShim6(packet);
    if (found === undefined) this.counters.notIpv6++;
    else if (!this.#actions.isLocator(header.destination)) this.counters.notOurLocator++;
    else {
      this.#actions.handleMessage(header.source, header.destination, packet.slice(found.offset, found.end));
    }
  }

  /**
   * A peer may use the context from the moment it stands there: its R2 and its payload come up right
   * behind each other, and the tag may be one of ours by now, or its source in Ls(peer). Otherwise
   * the context is lost here, or its peer has moved.
   */
  #unknownTag(header: Ipv6Header, packet: Uint8Array, held: WaitingFrame): void {
    const tag = findPayloadHeader(packet)?.receiverTag;
    if (tag === undefined) this.counters.notIpv6++;
    else if (this.#actions.isReceiver(tag, header.source)) this.#actions.injectOutside(held.frame);
    else if (this.#actions.handleUnknownTag(header.source, header.destination, tag)) {
      this.#heldPayload.add(this.#now(), formatTag(tag), held);
    } else this.counters.unknownTag++;
  }

  #miss(header: Ipv6Header, waiting: WaitingFrame): void {
    const { source, destination } = header;
    if (!this.#actions.isHost(source)) {
      this.counters.notOurHost++;
      return this.#actions.sendError(waiting, { kind: 'no-route' });
    }
    const pair = pairKey(source, destination);
    const state = this.#actions.contextState(source, destination);
    // The context came to stand while the frame was on its way up, and nothing waits before it.
    if (state === 'live' && this.#firstPackets.since(pair) === undefined) {
      return this.#actions.injectInside(waiting);
    }
    const locators = this.#actions.peerLocators(destination);
    if (locators === undefined && state === 'none' && !this.#actions.searchPeer(source, destination)) {
      this.counters.unknownPeer++;
      return this.#actions.sendError(waiting, { kind: 'no-route' });
    }
    this.#firstPackets.add(this.#now(), pair, waiting);
    if (locators !== undefined) this.#actions.establish(source, destination, locators);
  }
}
