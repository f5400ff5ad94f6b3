/**
 * A host that speaks SHIM6 itself, without a box: the protocol core on one side, the kernel's own stack on the other.
 * What the kernel sends to a ULID comes in by `fromStack`; what arrives for it goes out by `toStack`.
 */
import { CoreDriver } from '../../../control/adapters/core-driver.ts';
import { findPayloadHeader, findShim6 } from '../../../control/adapters/held-frame.ts';
import type { IdentityProvider } from '../../../control/identity/index.ts';
import type { ContextView } from '../../../control/shim6/context.ts';
import type { Effect } from '../../../control/shim6/effects.ts';
import { Shim6 } from '../../../control/shim6/shim6.ts';
import { choosePaths } from '../../../control/steering/choose-paths.ts';
import { type Address, addressKey, equalAddress } from '../../../control/wire/ipv6/address.ts';
import { decodeIpv6Header, encodeIpv6, NextHeader } from '../../../control/wire/ipv6/header.ts';
import { contains, type LocatorPair, shim, unshim } from './data-path.ts';
import { Reachability } from './reachability.ts';

export interface SingleHostOptions {
  readonly ulid: Address;
  /** One per provider; the first is the ULID. */
  readonly locators: readonly Address[];
  readonly identity: IdentityProvider;
  readonly clock: () => number;
  readonly random: (length: number) => Uint8Array;
  /** Sends an IPv6 packet by the provider of its source. */
  readonly send: (provider: number, packet: Uint8Array) => void;
  readonly toStack: (packet: Uint8Array) => void;
  /** Where a peer may be reached, as the DNS tells it; none when it tells nothing. */
  readonly resolve: (peer: Address) => Promise<readonly Address[]>;
}

/** Packets that wait for a context, for each peer. */
const MOST_WAITING = 32;
const HOP_LIMIT = 64;

export class SingleHost {
  readonly core: Shim6;
  readonly #options: SingleHostOptions;
  readonly #driver: CoreDriver;
  readonly #usable: boolean[];
  /** By addressKey of the peer's ULID: contexts that carry payload, and the pair each uses. */
  readonly #paths = new Map<string, { context: ContextView; pair: LocatorPair | undefined }>();
  readonly #reachability: Reachability;
  readonly #waiting = new Map<string, Uint8Array[]>();

  constructor(options: SingleHostOptions) {
    const { random, identity, clock } = options;
    this.#options = options;
    this.#usable = options.locators.map(() => true);
    this.core = new Shim6({ random, identity });
    this.#driver = new CoreDriver(this.core, clock, (effect) => this.#carryOut(effect));
    this.#reachability = new Reachability({
      clock,
      random,
      pairInUse: ({ peer }) => this.#paths.get(addressKey(peer))?.pair,
      send: (source, destination, message) => this.#sendControl(source, destination, message),
      onPresent: (context, locator) => this.#driver.run((core) => core.confirmPresence(context, locator)),
      onSwitch: (context, pair) => {
        const entry = this.#paths.get(addressKey(context.peer));
        if (entry !== undefined) entry.pair = pair;
      },
    });
    this.#setHost();
  }

  /** The link to a provider works, or does not any more: peers are told, and packets leave by another. */
  setUsable(provider: number, usable: boolean): void {
    if (this.#usable[provider] === usable) return;
    this.#usable[provider] = usable;
    this.#setHost();
    for (const entry of this.#paths.values()) entry.pair = this.#choose(entry.context);
  }

  /** A packet that the kernel sends to a ULID. */
  fromStack(packet: Uint8Array): void {
    const header = decodeIpv6Header(packet);
    if (header === undefined || !equalAddress(header.source, this.#options.ulid)) return;
    const key = addressKey(header.destination);
    const entry = this.#paths.get(key);
    if (entry !== undefined) return this.#sendPayload(entry, packet);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      if (waiting.length < MOST_WAITING) waiting.push(packet.slice());
      return;
    }
    this.#waiting.set(key, [packet.slice()]);
    void this.#establish(header.destination);
  }

  /** A packet that a provider delivered. */
  fromProvider(packet: Uint8Array): void {
    const header = decodeIpv6Header(packet);
    const found = findShim6(packet);
    if (header === undefined || found === undefined) return;
    const { source, destination } = header;
    if (!this.#options.locators.some((locator) => equalAddress(locator, destination))) return;
    const payload = findPayloadHeader(packet);
    if (payload === undefined) {
      const message = packet.slice(found.offset, found.end);
      return this.#driver.run((core, now) => core.handleMessage(now, { source, destination, message }));
    }
    const tag = payload.receiverTag;
    const context = this.core.contextWithTag(tag);
    if (context?.state === 'ESTABLISHED' && contains(context.peerLocators, source)) {
      const ulids = { source: context.peer, destination: context.local };
      this.#reachability.received(context);
      this.#options.toStack(unshim(packet.slice(0, found.end), payload.offset, ulids));
    } else {
      // What is not delivered comes again: the peer's transport sees to that once its context is recovered.
      this.#driver.run((core, now) => core.handleUnknownTag(now, { source, destination, tag }));
    }
  }

  async #establish(peer: Address): Promise<void> {
    const { ulid, resolve } = this.#options;
    const locators = await resolve(peer);
    this.#driver.run((core, now) => core.establish(now, ulid, peer, locators));
  }

  #setHost(): void {
    const { ulid, locators } = this.#options;
    const described = locators.map((address, index) => ({
      address,
      usable: this.#usable[index]!,
      priority: index + 1,
      weight: 1,
    }));
    this.#driver.run((core, now) => core.setHost(now, { ulid, locators: described }));
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send': {
        const { source, destination, message, context } = effect;
        if (context !== undefined) this.#reachability.sent(context);
        return this.#sendControl(source, destination, message);
      }
      case 'heard':
        return this.#reachability.received(effect.context);
      case 'reachability':
        return this.#reachability.handle(effect);
      case 'established':
      case 'changed':
        return this.#carry(effect.context);
      case 'removed':
        this.#reachability.forget(effect.context);
        this.#paths.delete(addressKey(effect.context.peer));
        return;
      case 'failed':
        this.#waiting.delete(addressKey(effect.peer));
    }
  }

  #carry(context: ContextView): void {
    const key = addressKey(context.peer);
    const entry = { context, pair: this.#choose(context) };
    this.#paths.set(key, entry);
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    this.#reachability.follow(context);
    for (const packet of waiting) this.#sendPayload(entry, packet);
  }

  #choose(context: ContextView): LocatorPair | undefined {
    const local = context.localLocators.filter(({ usable, acknowledged }) => usable && acknowledged);
    const peer = context.peerLocators
      .filter(({ address }) => context.isPresent(address))
      .map((locator) => ({ ...locator, usable: !locator.broken }));
    return choosePaths(local, peer)[0];
  }

  #sendPayload(
    { context, pair }: { context: ContextView; pair: LocatorPair | undefined },
    packet: Uint8Array,
  ): void {
    const shimmed = pair && shim(packet, pair, context.peerTag);
    if (shimmed === undefined) return;
    this.#reachability.sent(context);
    this.#send(pair!.source, shimmed);
  }

  #sendControl(source: Address, destination: Address, message: Uint8Array): void {
    const header = { source, destination, nextHeader: NextHeader.shim6, hopLimit: HOP_LIMIT };
    this.#send(source, encodeIpv6(header, message));
  }

  #send(source: Address, packet: Uint8Array): void {
    const provider = this.#options.locators.findIndex((locator) => equalAddress(locator, source));
    if (provider >= 0 && this.#usable[provider]) this.#options.send(provider, packet);
  }
}
