/** Established contexts in the data path's tables: one egress and one ingress entry each. */

import type { ContextView } from '../shim6/context.ts';
import {
  choosePaths,
  type LocatorChoice,
  type SteeringLocator,
  sameChoice,
} from '../steering/choose-paths.ts';
import type { SteeringRules } from '../steering/rules.ts';
import type { Address } from '../wire/ipv6/address.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import type { Dataplane } from './dataplane.ts';
import { type EgressView, type Path, samePath } from './egress-table.ts';
import { FoundPairs } from './found-pairs.ts';
import type { HostLink, IngressView } from './ingress-table.ts';
import { NO_SLOT } from './slot-table.ts';

/** What the site knows that a context does not. */
export interface SiteFacts {
  /** Index of the uplink whose provider delegated the locator. */
  uplinkOf(locator: Address): number | undefined;
  /** False when that uplink's provider is known to have no way to a peer's locator. */
  reaches(uplink: number, peerLocator: Address): boolean;
  /** Name of the provider that delegated the locator. */
  providerOf(locator: Address): string | undefined;
  /** Where a host is on the inside; undefined while unknown. */
  hostLink(ulid: Address): HostLink | undefined;
}

export interface InstalledContext {
  readonly egress: EgressView;
  readonly ingress: IngressView;
}

/** Where other contexts found lately that nothing gets through. */
export interface DeadPairs {
  /** Whether there are any. */
  any(): boolean;
  includes(pair: LocatorChoice): boolean;
}

const NONE: DeadPairs = { any: () => false, includes: () => false };

const NO_TAG: ContextTag = { high: 0, low: 0 };

export class InstalledContexts {
  readonly #dataplane: Dataplane;
  readonly #site: SiteFacts;
  readonly #found = new FoundPairs();
  readonly #steering: SteeringRules;
  readonly #dead: DeadPairs;
  /** Contexts that found no room in the tables. */
  refused = 0;
  /** A context's packets take another path, for another reason than the state of an uplink. */
  onMoved: (
    context: ContextView,
    from: Path | undefined,
    to: Path | undefined,
    because: string | undefined,
  ) => void = () => {};

  constructor(dataplane: Dataplane, site: SiteFacts, steering: SteeringRules, dead: DeadPairs = NONE) {
    this.#dataplane = dataplane;
    this.#site = site;
    this.#steering = steering;
    this.#dead = dead;
  }

  /** Installs a context whose queue is yet to drain; false when the tables are full or no path exists. */
  install(context: ContextView): boolean {
    const { ingress } = this.#dataplane;
    const paths = this.#paths(context, this.#pathInUse(context) ?? this.#beginning(context));
    if (paths.length === 0) return false;
    const isNew = this.state(context.local, context.peer) === 'none';
    if (this.#steering.sends(context.fork) && !this.#installEgress(context, paths)) return false;
    if (ingress.find(context.localTag) !== NO_SLOT) return true;
    const locators = context.peerLocators.map((locator) => locator.address);
    const host = this.#site.hostLink(context.local);
    const slot = ingress.add(context.localTag, context.local, context.peer, locators, host);
    if (slot !== NO_SLOT) {
      ingress.touch(slot, this.#dataplane.now);
      return true;
    }
    if (context.fork === 0 && isNew) this.unreserve(context.local, context.peer);
    this.refused++;
    return false;
  }

  #installEgress(context: ContextView, paths: readonly Path[]): boolean {
    const { egress, links } = this.#dataplane;
    const { local, peer, fork } = context;
    const known = egress.find(local, peer, fork);
    if (known !== NO_SLOT) {
      egress.touch(known, this.#dataplane.now);
      egress.setSteered(known, fork === 0 && this.#steering.concerns(local, peer));
      egress.setPeerTag(known, context.peerTag);
      egress.setPaths(known, paths[0]!, paths[1], (uplink) => links.isUp(uplink));
      return true;
    }
    const slot = egress.add(local, peer, context.peerTag, paths, fork);
    if (slot !== NO_SLOT) {
      egress.setSteered(slot, fork === 0 && this.#steering.concerns(local, peer));
      egress.touch(slot, this.#dataplane.now);
      return true;
    }
    this.refused++;
    return false;
  }

  /** Opens an installed context to the packets of every port. */
  setLive(context: ContextView): void {
    const slot = this.#egressSlot(context);
    if (slot !== NO_SLOT) this.#dataplane.egress.setLive(slot);
  }

  /**
   * Takes up new locators and preferences, and the tag of a peer that made its context anew. The context stays on its
   * pair while that works, unless it is to go back to what is preferred (`revert`), or to choose as a new one does
   * (`begin`). `because`: for people, where the context itself does not tell.
   */
  update(
    context: ContextView,
    { to, because }: { readonly to?: 'revert' | 'begin'; readonly because?: string } = {},
  ): void {
    const current = to === undefined ? this.#pathInUse(context) : undefined;
    this.#apply(context, to === 'begin' ? this.#beginning(context) : current, because);
  }

  /** `current`: the pair that stays first while it works. */
  #apply(context: ContextView, current: LocatorChoice | undefined, because?: string): void {
    const { egress, ingress, links } = this.#dataplane;
    const paths = this.#paths(context, current);
    const slot = this.#egressSlot(context);
    if (slot !== NO_SLOT && paths.length > 0) {
      const isUp = (uplink: number) => links.isUp(uplink);
      const before = egress.pathInUse(slot, isUp);
      egress.setPeerTag(slot, context.peerTag);
      egress.setPaths(slot, paths[0]!, paths[1], isUp);
      const after = egress.pathInUse(slot, isUp);
      if (!samePath(before, after)) this.onMoved(context, before, after, because);
    }
    const inbound = ingress.find(context.localTag);
    if (inbound !== NO_SLOT)
      ingress.setPeerLocators(
        inbound,
        context.peerLocators.map((locator) => locator.address),
      );
  }

  /**
   * Has an installed context send by `pair`, which works, in place of what preferences say; undefined: as those say. Where
   * they say the same they stay in force, so that the context goes back when what moved it is over.
   */
  setPair(context: ContextView, pair: LocatorChoice | undefined): void {
    this.#found.forget(context);
    const [preferred] = this.#paths(context);
    const agrees = preferred !== undefined && pair !== undefined && sameChoice(preferred, pair);
    if (pair !== undefined && !agrees) this.#found.set(context, pair);
    this.#apply(context, pair, pair && 'REAP found that it works');
  }

  /** The pair that it stays on though others are preferred, as they did not work when it was chosen. */
  foundPair(context: ContextView): LocatorChoice | undefined {
    return this.#found.find(context);
  }

  /**
   * Where a new context begins, if not on the pair that is preferred, as nothing got through there lately: where its
   * handshake did. It stays there, as one that REAP has moved.
   */
  #beginning(context: ContextView): LocatorChoice | undefined {
    this.#found.forgetBeginning(context);
    if (this.#found.find(context) !== undefined || !this.#dead.any()) return undefined;
    // Of a pair with one end of a dead one it is not known which end is to blame.
    const preferred = [this.#paths(context)[0], this.#paths(context, undefined, () => true)[0]];
    if (!preferred.some((pair) => pair !== undefined && this.#dead.includes(pair))) return undefined;
    const { localLocator: source, peerLocator: destination } = context;
    const pair = this.#pathInUse(context) ?? { source, destination };
    if (this.#dead.includes(pair)) return undefined;
    this.#found.setBeginning(context, pair);
    return pair;
  }

  /** The slots of a context in both tables; undefined unless it is in both. */
  slots(context: ContextView): { readonly egress: number; readonly ingress: number } | undefined {
    const egress = this.#egressSlot(context);
    const ingress = this.#dataplane.ingress.find(context.localTag);
    return egress === NO_SLOT || ingress === NO_SLOT ? undefined : { egress, ingress };
  }

  /** The path that would be taken if the context were new; undefined while it is on it, or carries nothing. */
  preferredElsewhere(context: ContextView): Path | undefined {
    const inUse = this.#pathInUse(context);
    if (inUse === undefined) return undefined;
    const preferred = this.#paths(context)[0];
    return samePath(preferred, inUse) ? undefined : preferred;
  }

  /** Index of the uplink that its packets leave by; undefined while it carries nothing. */
  uplinkInUse(context: ContextView): number | undefined {
    return this.#pathInUse(context)?.uplink;
  }

  /** Tick of the last packet of a context that carries. */
  lastSent(context: ContextView): number {
    const slot = this.#egressSlot(context);
    return slot === NO_SLOT ? 0 : this.#dataplane.egress.lastSent(slot);
  }

  remove(context: ContextView): void {
    const { egress, ingress } = this.#dataplane;
    const outbound = this.#egressSlot(context);
    if (outbound !== NO_SLOT) egress.remove(outbound);
    const inbound = ingress.find(context.localTag);
    if (inbound !== NO_SLOT) ingress.remove(inbound);
  }

  /** The context's host was found, or moved, on the inside. */
  setHost(context: ContextView, host: HostLink | undefined): void {
    const slot = this.#dataplane.ingress.find(context.localTag);
    if (slot !== NO_SLOT) this.#dataplane.ingress.setHost(slot, host);
  }

  state(local: Address, peer: Address): 'none' | 'held' | 'live' {
    const { egress } = this.#dataplane;
    const slot = egress.find(local, peer);
    if (slot === NO_SLOT) return 'none';
    return egress.isLive(slot) ? 'live' : 'held';
  }

  /** Has the pair's packets wait for a context that is being made, whatever their destination is. */
  reserve(local: Address, peer: Address): void {
    const { egress } = this.#dataplane;
    if (egress.find(local, peer) === NO_SLOT) egress.add(local, peer, NO_TAG, []);
  }

  /** Takes a reservation back; a context that stands is left alone. */
  unreserve(local: Address, peer: Address): void {
    const { egress } = this.#dataplane;
    const slot = egress.find(local, peer);
    if (slot !== NO_SLOT && !egress.isLive(slot)) egress.remove(slot);
  }

  /** Has the packets of an installed context wait. */
  hold(context: ContextView): void {
    const slot = this.#egressSlot(context);
    if (slot !== NO_SLOT) this.#dataplane.egress.setDraining(slot);
  }

  isHeld(context: ContextView): boolean {
    const slot = this.#egressSlot(context);
    return slot !== NO_SLOT && !this.#dataplane.egress.isLive(slot);
  }

  /** Whether payload with this tag from this source would be delivered now. */
  delivers(localTag: ContextTag, source: Address): boolean {
    const { ingress, strictSource } = this.#dataplane;
    const slot = ingress.find(localTag);
    return slot !== NO_SLOT && (!strictSource || ingress.admits(slot, source));
  }

  view(context: ContextView): InstalledContext | undefined {
    const { egress, ingress } = this.#dataplane;
    const outbound = this.#egressSlot(context);
    const inbound = ingress.find(context.localTag);
    if (outbound === NO_SLOT || inbound === NO_SLOT) return undefined;
    return { egress: egress.view(outbound), ingress: ingress.view(inbound) };
  }

  /** Forks that no rule of ours names, the peer has asked for: they receive, and hosts' packets never take them. */
  #egressSlot({ local, peer, fork }: ContextView): number {
    return this.#steering.sends(fork) ? this.#dataplane.egress.find(local, peer, fork) : NO_SLOT;
  }

  #pathInUse(context: ContextView): Path | undefined {
    const { egress, links } = this.#dataplane;
    const slot = this.#egressSlot(context);
    return slot === NO_SLOT ? undefined : egress.pathInUse(slot, (uplink) => links.isUp(uplink));
  }

  #paths(
    context: ContextView,
    current?: LocatorChoice,
    // Nothing is sent to where the peer was not found yet: it may have listed a victim (RFC 5533 §7.2).
    mayBeAt: (peerLocator: Address) => boolean = (locator) => context.isPresent(locator),
  ): readonly Path[] {
    // The peer takes packets only from locators that it has acknowledged (RFC 5533 §10).
    const local = context.localLocators
      .filter((locator) => locator.acknowledged)
      .map(
        (locator): SteeringLocator => ({
          ...locator,
          priority:
            locator.priority + this.#steering.rank(context.fork, this.#site.providerOf(locator.address)),
        }),
      );
    const peer = context.peerLocators
      .filter((locator) => mayBeAt(locator.address))
      .map((locator): SteeringLocator => ({ ...locator, usable: !locator.broken }));
    const reaches = (source: Address, destination: Address) => {
      const uplink = this.#site.uplinkOf(source);
      return uplink === undefined || this.#site.reaches(uplink, destination);
    };
    const chosen = choosePaths(local, peer, reaches, current);
    const stays = current !== undefined && chosen[0] !== undefined && sameChoice(chosen[0], current);
    const choices = stays ? chosen : this.#found.before(context, chosen);
    return choices.flatMap((choice) => {
      const uplink = this.#site.uplinkOf(choice.source);
      return uplink === undefined ? [] : [{ ...choice, uplink }];
    });
  }
}
