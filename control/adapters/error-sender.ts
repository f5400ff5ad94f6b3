/** ICMPv6 errors that the box sends (RFC 4443 §2.4): about a host's packet, about a peer's, and those it passes on. */
import type { WaitingFrame } from '../dataplane/first-packets.ts';
import { TokenBuckets } from '../limits/token-bucket.ts';
import type { RouterAddresses } from '../site/router-addresses.ts';
import type { SiteLinks } from '../site/site-links.ts';
import type { Uplink } from '../site/uplinks.ts';
import { encodeIcmp6Error, type Icmp6Error } from '../wire/icmp6/errors.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import type { Clock } from './core-driver.ts';
import type { FrameSender } from './frame-sender.ts';
import { frameAddresses } from './held-frame.ts';

/** How often one destination gets an error, RFC 4443 §2.4 (f): what a trace of the way asks at once, it gets. */
const RATE = { perSecond: 100, burst: 10 };
const DESTINATIONS_KEPT = 4096;

type Links = Pick<SiteLinks, 'uplinkFor' | 'insideAddress' | 'hostLinks'>;
type Addresses = Pick<RouterAddresses, 'of' | 'within'>;
type Sender = Pick<FrameSender, 'sendError' | 'sendReset' | 'sendToHost' | 'sendByUplink'>;

export class ErrorSender {
  readonly #links: Links;
  readonly #addresses: Addresses;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #buckets = new TokenBuckets(RATE, DESTINATIONS_KEPT);
  #limited = 0;

  constructor(links: Links, addresses: Addresses, sender: Sender, clock: Clock) {
    this.#links = links;
    this.#addresses = addresses;
    this.#sender = sender;
    this.#clock = clock;
  }

  /** Errors not sent because their destination had enough of them. */
  get limited(): number {
    return this.#limited;
  }

  toHost(invoking: WaitingFrame, error: Icmp6Error): void {
    this.#send(invoking, error, this.#links.insideAddress(invoking.ifindex));
  }

  /** To the sender of a shimmed packet, which looks like any router's answer there: it quotes locators. */
  toPeer(invoking: WaitingFrame, error: Icmp6Error): void {
    const uplink = this.#links.uplinkFor(frameAddresses(invoking).destination);
    if (uplink?.provider.tunnel !== undefined) return this.#intoTunnel(uplink, invoking, error);
    const link = uplink?.link;
    this.#send(invoking, error, link && this.#addresses.of(this.#clock(), link.ifindex));
  }

  /** What the policy says of a TCP connection whose provider is down. */
  tellLoss(segment: WaitingFrame, how: 'rst' | 'icmp' | 'silent'): void {
    if (how === 'icmp') return this.toHost(segment, { kind: 'no-route' });
    if (!this.#admits(frameAddresses(segment).source)) return;
    this.#sender.sendReset(segment);
  }

  /** Passes a packet on to a host; false while it is not known where the host is. */
  deliver(host: Address, packet: Uint8Array): boolean {
    const ethernet = this.#links.hostLinks.ethernet(host);
    if (ethernet !== undefined) this.#sender.sendToHost(ethernet, packet);
    return ethernet !== undefined;
  }

  #send(invoking: WaitingFrame, error: Icmp6Error, source: Address | undefined): void {
    if (source === undefined) return;
    if (!this.#admits(frameAddresses(invoking).source)) return;
    this.#sender.sendError(invoking, source, error);
  }

  /**
   * The sender is behind the exit router, where nothing passes but what has the provider's addresses: without one of
   * them the box has nothing to say there.
   */
  #intoTunnel(uplink: Uplink, { frame, networkOffset }: WaitingFrame, error: Icmp6Error): void {
    const invoking = frame.subarray(networkOffset);
    const source = this.#addresses.within(this.#clock(), uplink.provider.prefix);
    const packet = source && encodeIcmp6Error(source, invoking, error);
    if (packet === undefined || !this.#admits(packet.slice(24, 40))) return;
    this.#sender.sendByUplink(uplink, packet);
  }

  #admits(destination: Address): boolean {
    const admitted = this.#buckets.take(addressKey(destination), this.#clock());
    if (!admitted) this.#limited++;
    return admitted;
  }
}
