/**
 * The SHIM6 protocol core, RFC 5533, without input or output of its own: time, randomness and packets are passed in,
 * what is to be done comes out of `pollEffect`. The same inputs give the same effects.
 */
import type { IdentityProvider } from '../identity/identity-provider.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { type ContextTag, tagNumber } from '../wire/shim6/index.ts';
import type { Context, ContextView } from './context.ts';
import { Core } from './core.ts';
import type { Counters } from './counters.ts';
import { type ControlPacket, dispatch, dispatchPayload } from './dispatcher.ts';
import type { Effect } from './effects.ts';
import { establish, handshakeTimeout } from './initiator.ts';
import {
  Announcement,
  checkHost,
  Host,
  type LocalHost,
  sameAddresses,
  sameAnnouncement,
} from './local-host.ts';
import type { Doubts } from './locator-pairs.ts';
import { acceptUnrecognizedNextHeader, type UnrecognizedNextHeader } from './received-error.ts';
import { DEFAULT_SETTINGS, type Shim6Settings } from './settings.ts';
import { queueUpdate, startNextUpdate, updateTimeout } from './update.ts';
import type { Idleness } from './update-queue.ts';

export interface Shim6Options {
  /** Unpredictable octets: tags and nonces come from here. */
  readonly random: (length: number) => Uint8Array;
  readonly identity: IdentityProvider;
  readonly settings?: Partial<Shim6Settings>;
  /** Peers of contexts that are less idle are told first of what changed; all alike when absent. */
  readonly idleness?: Idleness;
  /** Pairs with the least doubts are tried first; all alike when absent. */
  readonly doubts?: Doubts;
}

/** Contexts of hosts that changed looked at per millisecond. */
const MOST_LOOKED_AT = 2000;

export class Shim6 {
  readonly #core: Core;
  /** The millisecond in which updates were last sent, and how many. */
  #tick = Number.NEGATIVE_INFINITY;
  #updatesInTick = 0;
  #lookedAtInTick = 0;

  constructor({ random, identity, settings, idleness = () => 0, doubts = () => 0 }: Shim6Options) {
    this.#core = new Core(random, identity, { ...DEFAULT_SETTINGS, ...settings }, { idleness, doubts });
  }

  /**
   * Makes `host` known, or tells what changed of it: peers of its contexts are told in turn, a bounded number per
   * millisecond. Throws LocalHostError, and UnknownUlidError when the identity provider cannot prove the ULID.
   */
  setHost(now: number, host: LocalHost): void {
    const { table, identity, settings } = this.#core;
    checkHost(host, settings.maximumLocators);
    const known = table.hosts.find(host.ulid);
    if (known === undefined) {
      identity.parameters(host.ulid);
      const created = new Host(host.ulid.slice(), copyLocators(host), this.#core.randomU32());
      table.hosts.add(created);
      return;
    }
    const next = this.#announcement(known, host);
    if (sameAnnouncement(known.current, next)) return;
    table.hosts.change(known, next);
    this.#core.updates.change(known);
    this.#sendUpdates(now);
  }

  /** Forgets the host and drops its contexts. */
  removeHost(ulid: Address): void {
    const { hosts } = this.#core.table;
    const host = hosts.find(ulid);
    if (host === undefined) return;
    for (const context of host.allContexts()) this.#core.remove(context);
    hosts.remove(host);
  }

  /**
   * Wants a context between a host of ours and a peer ULID, with I1 going to `peerLocators` in turn. Does nothing
   * while there is one or one is being made; ends in an `established` or a `failed` effect. With `fork`, 32 bits, the
   * context is one beside the default one of the pair (RFC 5533 §4.2). Throws ForkedInstanceError.
   */
  establish(
    now: number,
    local: Address,
    peer: Address,
    peerLocators: readonly Address[],
    { fork = 0 }: { readonly fork?: number } = {},
  ): void {
    establish(this.#core, now, local, peer, peerLocators, fork);
  }

  /** Drops a context in any state, if there is one. The peer is not told (RFC 5533 §9). */
  remove(local: Address, peer: Address, fork = 0): void {
    const context = this.#find(local, peer, fork);
    if (context !== undefined) this.#core.remove(context);
  }

  /** Drops an established context that has been idle, RFC 5533 §9. False, and nothing done, for any other. */
  discard(context: ContextView): boolean {
    const known = this.#core.table.withLocalTag(tagNumber(context.localTag));
    if (known === undefined || known !== context || known.state !== 'ESTABLISHED') return false;
    this.#core.remove(known);
    return true;
  }

  /** The Probe exchange has found the peer of a context at that locator: packets may go there (RFC 5533 §7.2). */
  confirmPresence(context: ContextView, peerLocator: Address): void {
    const known = this.#core.table.withLocalTag(tagNumber(context.localTag));
    if (known !== context || !known.peerHost.markPresent(peerLocator)) return;
    if (known.establishedAt !== undefined) this.#core.effects.push({ kind: 'changed', context });
  }

  /** Takes a control message; whatever is wrong with it is counted, never thrown. */
  handleMessage(now: number, packet: ControlPacket): void {
    dispatch(this.#core, now, packet);
    this.#sendUpdates(now);
  }

  /**
   * Takes what identifies a payload packet whose tag the data path does not know, or not between these locators: draws
   * R1bis, RFC 5533 §7.17. True when the packet is worth holding: the effect that ends a recovery names its tag, and an
   * establishment may be about to end with that tag as its own.
   */
  handleUnknownTag(
    now: number,
    packet: { readonly source: Address; readonly destination: Address; readonly tag: ContextTag },
  ): boolean {
    return dispatchPayload(this.#core, { now, ...packet });
  }

  /** Takes an ICMPv6 error about an I1 that the peer does not understand, RFC 5533 §7.8. */
  handleUnrecognizedNextHeader(now: number, error: UnrecognizedNextHeader): void {
    acceptUnrecognizedNextHeader(this.#core, now, error);
  }

  /** Does what is due at `now`. */
  handleTimeout(now: number): void {
    for (;;) {
      const due = this.#core.deadlines.takeDue(now);
      if (due === undefined) break;
      if (due.kind === 'handshake') handshakeTimeout(this.#core, now, due);
      else updateTimeout(this.#core, now, due);
    }
    this.#sendUpdates(now);
  }

  /** When `handleTimeout` is to be called, in milliseconds; undefined when nothing is pending. */
  nextTimeout(): number | undefined {
    const deadline = this.#core.deadlines.next();
    if (!this.#core.updates.isBusy) return deadline;
    return Math.min(deadline ?? Number.POSITIVE_INFINITY, this.#tick + 1);
  }

  /** The next thing to do, in order; call until undefined after every input. */
  pollEffect(): Effect | undefined {
    return this.#core.effects.shift();
  }

  context(local: Address, peer: Address, fork = 0): ContextView | undefined {
    return this.#find(local, peer, fork);
  }

  /** The context with that CT(local): the one that payload with this tag is for. */
  contextWithTag(tag: ContextTag): ContextView | undefined {
    return this.#core.table.withLocalTag(tagNumber(tag));
  }

  /** The context that sends with this CT(peer) between these locators: the one an error about payload is for (§12.4). */
  contextSending(peerTag: ContextTag, localLocator: Address, peerLocator: Address): ContextView | undefined {
    return this.#core.table.sendingWith(tagNumber(peerTag), localLocator, peerLocator);
  }

  /** Calls `visit` for every ESTABLISHED context, which it may `discard`; allocates nothing per context. */
  visitEstablished(visit: (context: ContextView) => void): void {
    this.#core.table.visit((context) => {
      if (context.state === 'ESTABLISHED') visit(context);
    });
  }

  contexts(): IterableIterator<ContextView> {
    return this.#core.table.contexts();
  }

  /** Contexts in any state, failed ones included. */
  get size(): number {
    return this.#core.table.size;
  }

  get counters(): Readonly<Counters> {
    return this.#core.counters;
  }

  #find(local: Address, peer: Address, fork: number): Context | undefined {
    const { table } = this.#core;
    const host = table.hosts.find(local);
    return host && table.find(host, peer, fork);
  }

  /** A new list of addresses gets a new generation. */
  #announcement({ current }: Host, host: LocalHost): Announcement {
    const locators = copyLocators(host);
    const { generation } = current;
    const sameList = sameAddresses(current.locators, locators);
    return new Announcement(sameList ? generation : this.#core.freshGeneration(generation), locators);
  }

  /** Sends queued updates as far as this millisecond's budget goes. */
  #sendUpdates(now: number): void {
    const { updates, settings } = this.#core;
    const tick = Math.floor(now);
    if (tick !== this.#tick) [this.#tick, this.#updatesInTick, this.#lookedAtInTick] = [tick, 0, 0];
    while (this.#lookedAtInTick < MOST_LOOKED_AT) {
      const context = updates.nextChanged();
      if (context === undefined) break;
      this.#lookedAtInTick++;
      queueUpdate(this.#core, context);
    }
    while (this.#updatesInTick < settings.updatesPerMillisecond && startNextUpdate(this.#core, now))
      this.#updatesInTick++;
  }
}

const copyLocators = ({ locators }: LocalHost) =>
  locators.map((locator) => ({ ...locator, address: locator.address.slice() }));
