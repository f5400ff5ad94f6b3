/**
 * Puts the core's contexts into the data path, and keeps packets waiting while a context cannot
 * carry them: a host's until its context stands, a peer's while the context they name is recovered.
 */
import type { InstalledContexts } from '../dataplane/contexts.ts';
import type { FirstPackets, WaitingFrame } from '../dataplane/first-packets.ts';
import type { Log } from '../observe/log.ts';
import type { ContextView } from '../shim6/context.ts';
import type { Effect } from '../shim6/effects.ts';
import type { Icmp6Error } from '../wire/icmp6/errors.ts';
import { type Address, equalAddress, formatAddress, pairKey } from '../wire/ipv6/address.ts';
import { type ContextTag, formatTag } from '../wire/shim6/context-tag.ts';
import type { Clock } from './core-driver.ts';
import { frameAddresses, retag } from './held-frame.ts';

export interface ContextCarrierOptions {
  readonly contexts: InstalledContexts;
  /** Hosts' packets, by pairKey of the ULIDs. */
  readonly firstPackets: FirstPackets;
  /** Peers' packets, by formatTag of the tag they bear. */
  readonly heldPayload: FirstPackets;
  readonly clock: Clock;
  readonly log: Log;
  readonly injectInside: (waiting: WaitingFrame) => void;
  readonly injectOutside: (frame: Uint8Array) => void;
  /** Has the events in the ring handled now. */
  readonly drainEvents: () => void;
  /** Its packets do not come here any more. */
  readonly onLive: (context: ContextView) => void;
  readonly sendError: (invoking: WaitingFrame, error: Icmp6Error) => void;
  /** Whether packets to a peer without a context are translated (NATv6): it is routable. */
  readonly isTranslated: (peer: Address) => boolean;
}

export type ContextEffect = Exclude<Effect, { kind: 'send' | 'heard' | 'reachability' }>;

/** First-packet delays remembered for reports, contexts. */
const DELAYS_KEPT = 4096;
/** Pairs remembered that had no context and are translated instead. */
const FALLBACKS_KEPT = 4096;

export class ContextCarrier {
  /** Milliseconds that a context's first packet waited, by pairKey of the ULIDs. */
  readonly firstPacketDelays = new Map<string, number>();
  /** Pairs that came to be translated because no context was to be had. */
  fallbacks = 0;
  readonly #options: ContextCarrierOptions;
  /** By pairKey; the newest last. */
  readonly #translated = new Set<string>();
  /** Contexts whose packets are to leave in the next turn of the event loop. */
  readonly #due: { readonly context: ContextView; readonly recovered: ContextTag | undefined }[] = [];
  #immediate: NodeJS.Immediate | undefined;

  constructor(options: ContextCarrierOptions) {
    this.#options = options;
  }

  carry(effect: ContextEffect): void {
    switch (effect.kind) {
      case 'established':
        return this.#established(effect.context, effect.recovered);
      case 'changed':
        return this.#changed(effect.context, effect.recovered);
      case 'removed':
        return this.#options.contexts.remove(effect.context);
      case 'failed':
        return this.#failed(effect.local, effect.peer, effect.reason, effect.fork);
    }
  }

  /** What waits now is not let go any more. */
  close(): void {
    clearImmediate(this.#immediate);
    this.#due.length = 0;
  }

  /** Gives up on what has waited too long. */
  expire(now: number): void {
    const { firstPackets, heldPayload, injectInside, sendError } = this.#options;
    for (const waiting of firstPackets.expire(now)) {
      const { source, destination } = frameAddresses(waiting);
      if (this.#fallBack(source, destination)) injectInside(waiting);
      else sendError(waiting, { kind: 'address-unreachable' });
    }
    heldPayload.expire(now);
  }

  /** Installs the context; what waited for it leaves once the core's messages are on their way. */
  #established(context: ContextView, recovered: ContextTag | undefined): void {
    const { contexts, firstPackets, log, sendError } = this.#options;
    if (contexts.install(context)) {
      this.#translated.delete(pairKey(context.local, context.peer));
      this.#releaseSoon(context, recovered);
      return;
    }
    log.warn('contexts-full', { local: formatAddress(context.local), peer: formatAddress(context.peer) });
    // A fork's packets go on by the default context.
    if (context.fork !== 0) return;
    for (const waiting of firstPackets.take(pairKey(context.local, context.peer))) {
      sendError(waiting, { kind: 'no-route' });
    }
  }

  /** While a context is being recovered its packets wait, as before it stood. */
  #changed(context: ContextView, recovered: ContextTag | undefined): void {
    const { contexts } = this.#options;
    contexts.update(context);
    if (context.state !== 'ESTABLISHED') contexts.hold(context);
    else if (recovered !== undefined || contexts.isHeld(context)) this.#releaseSoon(context, recovered);
  }

  /**
   * In the next turn of the event loop, all that are due then in one go: reading the ring for each by itself would
   * bring the next handshakes' messages along, and theirs the next, and the turn would not end.
   */
  #releaseSoon(context: ContextView, recovered: ContextTag | undefined): void {
    this.#due.push({ context, recovered });
    this.#immediate ??= setImmediate(() => this.#releaseDue());
  }

  #releaseDue(): void {
    this.#immediate = undefined;
    const due = this.#due.splice(0);
    this.#options.drainEvents();
    for (const { context, recovered } of due) {
      // Meanwhile it may have been lost again, or removed.
      const carries = context.state === 'ESTABLISHED' && context.establishedAt !== undefined;
      if (carries) this.#release(context, recovered);
    }
  }

  /** Lets go of what waited, in order, before any later packet: until set live, the entry punts what comes. */
  #release(context: ContextView, recovered: ContextTag | undefined): void {
    const { contexts, firstPackets, injectInside, clock, onLive } = this.#options;
    // Only the default context of a pair has hosts' packets waiting for it.
    if (context.fork === 0) {
      const pair = pairKey(context.local, context.peer);
      const since = firstPackets.since(pair);
      if (since !== undefined) this.#noteDelay(pair, clock() - since);
      for (const waiting of firstPackets.take(pair)) injectInside(waiting);
    }
    contexts.setLive(context);
    onLive(context);
    this.#releasePayload(context, recovered);
  }

  #releasePayload(context: ContextView, recovered: ContextTag | undefined): void {
    const { contexts, heldPayload, injectOutside } = this.#options;
    for (const held of heldPayload.take(formatTag(context.localTag))) {
      // From elsewhere it would come up again.
      if (contexts.delivers(context.localTag, frameAddresses(held).source)) injectOutside(held.frame);
    }
    if (recovered === undefined) return;
    for (const held of heldPayload.take(formatTag(recovered))) {
      const frame = isBetween(context, held) ? retag(held, context.localTag) : undefined;
      if (frame !== undefined) injectOutside(frame);
    }
  }

  #noteDelay(pair: string, milliseconds: number): void {
    this.firstPacketDelays.set(pair, milliseconds);
    if (this.firstPacketDelays.size <= DELAYS_KEPT) return;
    const [oldest] = this.firstPacketDelays.keys();
    this.firstPacketDelays.delete(oldest!);
  }

  /** Tells the host that what waits for a context of this pair cannot be delivered. */
  refuse(local: Address, peer: Address): void {
    const { firstPackets, sendError } = this.#options;
    for (const waiting of firstPackets.take(pairKey(local, peer))) {
      sendError(waiting, { kind: 'address-unreachable' });
    }
  }

  #failed(local: Address, peer: Address, reason: string, fork: number): void {
    const { contexts, firstPackets, log, injectInside } = this.#options;
    log.info('context-failed', { local: formatAddress(local), peer: formatAddress(peer), reason });
    if (fork !== 0) return;
    if (this.#fallBack(local, peer)) {
      for (const waiting of firstPackets.take(pairKey(local, peer))) injectInside(waiting);
      return;
    }
    contexts.unreserve(local, peer);
    this.refuse(local, peer);
  }

  /** Whether the pair's packets may wait for a context: not while they go without one. */
  mayHold(local: Address, peer: Address): boolean {
    return !this.#translated.has(pairKey(local, peer));
  }

  /** Opens the way through NATv6 to a routable peer; false for any other. */
  #fallBack(local: Address, peer: Address): boolean {
    const { contexts, isTranslated } = this.#options;
    if (!isTranslated(peer)) return false;
    contexts.unreserve(local, peer);
    const pair = pairKey(local, peer);
    if (!this.#translated.delete(pair)) this.fallbacks++;
    this.#translated.add(pair);
    if (this.#translated.size > FALLBACKS_KEPT) {
      const [oldest] = this.#translated;
      this.#translated.delete(oldest!);
    }
    return true;
  }
}

/** Held payload is for the recovered context only if it came from its peer to its host. */
function isBetween(context: ContextView, held: WaitingFrame): boolean {
  const { source, destination } = frameAddresses(held);
  return (
    context.peerLocators.some((locator) => equalAddress(locator.address, source)) &&
    context.localLocators.some((locator) => equalAddress(locator.address, destination))
  );
}
