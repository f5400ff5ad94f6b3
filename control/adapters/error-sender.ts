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
/** Hosts of which it is remembered where their frames came from that were given back to the data path. */
const ORIGINS_KEPT = 4096;

type Links = Pick<SiteLinks, 'uplinkFor' | 'insideAddress' | 'hostLinks'>;
type Addresses = Pick<RouterAddresses, 'of' | 'within'>;
type Sender = Pick<FrameSender, 'sendError' | 'sendReset' | 'sendToHost' | 'sendByUplink'>;

export class ErrorSender {
  readonly #links: Links;
  readonly #addresses: Addresses;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #isInjected: (ifindex: number) => boolean;
  /** By addressKey of the source; the newest last. */
  readonly #origins = new Map<string, { readonly ifindex: number; readonly ethernet: Uint8Array }>();
  readonly #buckets = new TokenBuckets(RATE, DESTINATIONS_KEPT);
  #limited = 0;
  #undelivered = 0;

  /** `isInjected`: whether frames at an interface are held ones that the box itself gave back to the data path. */
  constructor(
    links: Links,
    addresses: Addresses,
    sender: Sender,
    clock: Clock,
    isInjected: (ifindex: number) => boolean,
  ) {
    this.#links = links;
    this.#addresses = addresses;
    this.#sender = sender;
    this.#clock = clock;
    this.#isInjected = isInjected;
  }

  /** Errors not sent because their destination had enough of them. */
  get limited(): number {
    return this.#limited;
  }

  /** Errors not sent because it is not known any more where their host's packet came from. */
  get undelivered(): number {
    return this.#undelivered;
  }

  /** A host's frame is about to be given back to the data path: errors about it are to go where it came from. */
  noteGivenBack(waiting: WaitingFrame): void {
    const { frame, ifindex } = waiting;
    if (this.#isInjected(ifindex)) return;
    const host = addressKey(frameAddresses(waiting).source);
    this.#origins.delete(host);
    this.#origins.set(host, { ifindex, ethernet: frame.slice(0, 12) });
    if (this.#origins.size <= ORIGINS_KEPT) return;
    const [oldest] = this.#origins.keys();
    this.#origins.delete(oldest!);
  }

  toHost(invoking: WaitingFrame, error: Icmp6Error): void {
    const frame = this.#asItCame(invoking);
    if (frame !== undefined) this.#send(frame, error, this.#links.insideAddress(frame.ifindex));
  }

  /** To the sender of a shimmed packet, which looks like any router's answer there: it quotes locators. */
  toPeer(invoking: WaitingFrame, error: Icmp6Error): void {
    const uplink = this.#links.uplinkFor(frameAddresses(invoking).destination);
    if (uplink?.link === undefined) return;
    const { link, provider } = uplink;
    if (provider.tunnel !== undefined) {
      // The sender is behind the exit router, where nothing passes but what has the provider's addresses.
      return this.#byUplink(uplink, invoking, error, this.#addresses.within(this.#clock(), provider.prefix));
    }
    const source = this.#addresses.of(this.#clock(), link.ifindex);
    if (this.#isInjected(invoking.ifindex)) this.#byUplink(uplink, invoking, error, source);
    else this.#send(invoking, error, source);
  }

  /** What the policy says of a TCP connection whose provider is down. */
  tellLoss(segment: WaitingFrame, how: 'rst' | 'icmp' | 'silent'): void {
    if (how === 'icmp') return this.toHost(segment, { kind: 'no-route' });
    const frame = this.#asItCame(segment);
    if (frame === undefined || !this.#admits(frameAddresses(frame).source)) return;
    this.#sender.sendReset(frame);
  }

  /** Passes a packet on to a host; false while it is not known where the host is. */
  deliver(host: Address, packet: Uint8Array): boolean {
    const ethernet = this.#links.hostLinks.ethernet(host);
    if (ethernet !== undefined) this.#sender.sendToHost(ethernet, packet);
    return ethernet !== undefined;
  }

  /**
   * A host's frame as its link brought it: what waited for a context came up again where it was given back, and an
   * answer to there would reach nobody. The host itself may not be known yet: that packet can be its first.
   */
  #asItCame(invoking: WaitingFrame): WaitingFrame | undefined {
    if (!this.#isInjected(invoking.ifindex)) return invoking;
    const origin = this.#origins.get(addressKey(frameAddresses(invoking).source));
    if (origin === undefined) {
      this.#undelivered++;
      return undefined;
    }
    const frame = invoking.frame.slice();
    frame.set(origin.ethernet, 0);
    return { ...invoking, frame, ifindex: origin.ifindex };
  }

  #send(invoking: WaitingFrame, error: Icmp6Error, source: Address | undefined): void {
    if (source === undefined) return;
    if (!this.#admits(frameAddresses(invoking).source)) return;
    this.#sender.sendError(invoking, source, error);
  }

  /** By the provider's router, which may be behind a tunnel. Without an address of its own the box has nothing to say. */
  #byUplink(uplink: Uplink, invoking: WaitingFrame, error: Icmp6Error, source: Address | undefined): void {
    const packet = source && encodeIcmp6Error(source, invoking.frame.subarray(invoking.networkOffset), error);
    if (packet === undefined || !this.#admits(packet.slice(24, 40))) return;
    this.#sender.sendByUplink(uplink, packet);
  }

  #admits(destination: Address): boolean {
    const admitted = this.#buckets.take(addressKey(destination), this.#clock());
    if (!admitted) this.#limited++;
    return admitted;
  }
}
