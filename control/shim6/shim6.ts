/**
 * The SHIM6 protocol core, RFC 5533, without input or output of its own: time, randomness and packets are passed in,
 * what is to be done comes out of `pollEffect`. The same inputs give the same effects.
 */
import type { IdentityProvider } from '../identity/identity-provider.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import type { ContextView } from './context.ts';
import { Core } from './core.ts';
import type { Counters } from './counters.ts';
import { type ControlPacket, dispatch } from './dispatcher.ts';
import type { Effect } from './effects.ts';
import { establish, handshakeTimeout } from './handshake.ts';
import {
  type Announcement,
  checkHost,
  Host,
  type LocalHost,
  sameAddresses,
  sameAnnouncement,
} from './local-host.ts';
import { DEFAULT_SETTINGS, type Shim6Settings } from './settings.ts';
import { queueUpdate, startNextUpdate, updateTimeout } from './update.ts';

export interface Shim6Options {
  /** Unpredictable octets: tags and nonces come from here. */
  readonly random: (length: number) => Uint8Array;
  readonly identity: IdentityProvider;
  readonly settings?: Partial<Shim6Settings>;
}

export class Shim6 {
  readonly #core: Core;
  /** The millisecond in which updates were last sent, and how many. */
  #tick = Number.NEGATIVE_INFINITY;
  #updatesInTick = 0;

  constructor({ random, identity, settings }: Shim6Options) {
    this.#core = new Core(random, identity, { ...DEFAULT_SETTINGS, ...settings });
  }

  /**
   * Makes `host` known, or tells what changed of it: peers of its contexts are told in turn, a bounded number per
   * millisecond. Throws LocalHostError, and UnknownUlidError when the identity provider cannot prove the ULID.
   */
  setHost(now: number, host: LocalHost): void {
    const { table, identity, settings } = this.#core;
    checkHost(host, settings.maximumLocators);
    const known = table.host(host.ulid);
    if (known === undefined) {
      identity.parameters(host.ulid);
      const created = new Host(host.ulid.slice(), copyLocators(host), this.#core.randomU32());
      table.hosts.set(created.key, created);
      return;
    }
    const next = this.#announcement(known, host);
    if (sameAnnouncement(known.current, next)) return;
    known.current = next;
    for (const context of known.contexts.values()) {
      if (context.state === 'ESTABLISHED' || context.state === 'I2BIS-SENT') queueUpdate(this.#core, context);
    }
    this.#sendUpdates(now);
  }

  /** Forgets the host and drops its contexts. */
  removeHost(ulid: Address): void {
    const host = this.#core.table.host(ulid);
    if (host === undefined) return;
    for (const context of host.contexts.values()) this.#core.remove(context);
    this.#core.table.hosts.delete(addressKey(ulid));
  }

  /**
   * Wants a context between a host of ours and a peer ULID, with I1 going to `peerLocators` in turn. Does nothing
   * while there is one or one is being made; ends in an `established` or a `failed` effect.
   */
  establish(now: number, local: Address, peer: Address, peerLocators: readonly Address[]): void {
    establish(this.#core, now, local, peer, peerLocators);
  }

  /** Drops a context in any state, if there is one. The peer is not told (RFC 5533 §9). */
  remove(local: Address, peer: Address): void {
    const context = this.#find(local, peer);
    if (context !== undefined) this.#core.remove(context);
  }

  /** Takes a control message; whatever is wrong with it is counted, never thrown. */
  handleMessage(now: number, packet: ControlPacket): void {
    dispatch(this.#core, now, packet);
    this.#sendUpdates(now);
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
    if (this.#core.updates.length === 0) return deadline;
    return Math.min(deadline ?? Number.POSITIVE_INFINITY, this.#tick + 1);
  }

  /** The next thing to do, in order; call until undefined after every input. */
  pollEffect(): Effect | undefined {
    return this.#core.effects.shift();
  }

  context(local: Address, peer: Address): ContextView | undefined {
    return this.#find(local, peer);
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

  #find(local: Address, peer: Address) {
    const host = this.#core.table.host(local);
    return host && this.#core.table.find(host, peer);
  }

  /** A new list of addresses gets a new generation: random, and not the one before (RFC 5533 §10.1). */
  #announcement({ current }: Host, host: LocalHost): Announcement {
    const locators = copyLocators(host);
    let generation = current.generation;
    if (!sameAddresses(current.locators, locators)) {
      while (generation === current.generation) generation = this.#core.randomU32();
    }
    return { generation, locators, options: undefined };
  }

  /** Sends queued updates as far as this millisecond's budget goes. */
  #sendUpdates(now: number): void {
    const { updates, settings } = this.#core;
    const tick = Math.floor(now);
    if (tick !== this.#tick) [this.#tick, this.#updatesInTick] = [tick, 0];
    while (updates.length > 0 && this.#updatesInTick < settings.updatesPerMillisecond) {
      this.#updatesInTick++;
      startNextUpdate(this.#core, now);
    }
  }
}

const copyLocators = ({ locators }: LocalHost) =>
  locators.map((locator) => ({ ...locator, address: locator.address.slice() }));
