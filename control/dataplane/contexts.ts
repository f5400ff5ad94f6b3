/** Established contexts in the data path's tables: one egress and one ingress entry each. */

import type { ContextView } from '../shim6/context.ts';
import { choosePaths, type SteeringLocator } from '../steering/choose-paths.ts';
import type { Address } from '../wire/ipv6/address.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import type { Dataplane } from './dataplane.ts';
import type { EgressView, Path } from './egress-table.ts';
import type { HostLink, IngressView } from './ingress-table.ts';
import { NO_SLOT } from './slot-table.ts';

/** What the site knows that a context does not. */
export interface SiteFacts {
  /** Index of the uplink whose provider delegated the locator. */
  uplinkOf(locator: Address): number | undefined;
  /** Where a host is on the inside; undefined while unknown. */
  hostLink(ulid: Address): HostLink | undefined;
}

export interface InstalledContext {
  readonly egress: EgressView;
  readonly ingress: IngressView;
}

export class InstalledContexts {
  readonly #dataplane: Dataplane;
  readonly #site: SiteFacts;
  /** Contexts that found no room in the tables. */
  refused = 0;

  constructor(dataplane: Dataplane, site: SiteFacts) {
    this.#dataplane = dataplane;
    this.#site = site;
  }

  /** Installs a context whose queue is yet to drain; false when the tables are full or no path exists. */
  install(context: ContextView): boolean {
    const { egress, ingress, links } = this.#dataplane;
    const paths = this.#paths(context);
    const known = egress.find(context.local, context.peer);
    if (paths.length === 0) return false;
    const slot = known === NO_SLOT ? egress.add(context.local, context.peer, context.peerTag, paths) : known;
    if (slot === NO_SLOT) {
      this.refused++;
      return false;
    }
    if (known !== NO_SLOT) {
      egress.setPeerTag(slot, context.peerTag);
      egress.setPaths(slot, paths[0]!, paths[1], (uplink) => links.isUp(uplink));
    }
    if (ingress.find(context.localTag) !== NO_SLOT) return true;
    const locators = context.peerLocators.map((locator) => locator.address);
    const added = ingress.add(
      context.localTag,
      context.local,
      context.peer,
      locators,
      this.#site.hostLink(context.local),
    );
    if (added !== NO_SLOT) return true;
    if (known === NO_SLOT) egress.remove(slot);
    this.refused++;
    return false;
  }

  /** Opens an installed context to the packets of every port. */
  setLive(context: ContextView): void {
    const slot = this.#dataplane.egress.find(context.local, context.peer);
    if (slot !== NO_SLOT) this.#dataplane.egress.setLive(slot);
  }

  /** Takes up new locators and preferences, and the tag of a peer that made its context anew. */
  update(context: ContextView): void {
    const { egress, ingress, links } = this.#dataplane;
    const paths = this.#paths(context);
    const slot = egress.find(context.local, context.peer);
    if (slot === NO_SLOT || paths.length === 0) return;
    egress.setPeerTag(slot, context.peerTag);
    egress.setPaths(slot, paths[0]!, paths[1], (uplink) => links.isUp(uplink));
    const inbound = ingress.find(context.localTag);
    if (inbound !== NO_SLOT)
      ingress.setPeerLocators(
        inbound,
        context.peerLocators.map((locator) => locator.address),
      );
  }

  remove(context: ContextView): void {
    const { egress, ingress } = this.#dataplane;
    const outbound = egress.find(context.local, context.peer);
    if (outbound !== NO_SLOT) egress.remove(outbound);
    const inbound = ingress.find(context.localTag);
    if (inbound !== NO_SLOT) ingress.remove(inbound);
  }

  /** The context's host was found, or moved, on the inside. */
  setHost(context: ContextView, host: HostLink | undefined): void {
    const slot = this.#dataplane.ingress.find(context.localTag);
    if (slot !== NO_SLOT) this.#dataplane.ingress.setHost(slot, host);
  }

  has(local: Address, peer: Address): boolean {
    return this.#dataplane.egress.find(local, peer) !== NO_SLOT;
  }

  hasTag(localTag: ContextTag): boolean {
    return this.#dataplane.ingress.find(localTag) !== NO_SLOT;
  }

  view(context: ContextView): InstalledContext | undefined {
    const { egress, ingress } = this.#dataplane;
    const outbound = egress.find(context.local, context.peer);
    const inbound = ingress.find(context.localTag);
    if (outbound === NO_SLOT || inbound === NO_SLOT) return undefined;
    return { egress: egress.view(outbound), ingress: ingress.view(inbound) };
  }

  #paths(context: ContextView): readonly Path[] {
    const local = context.localLocators.map((locator): SteeringLocator => locator);
    const peer = context.peerLocators.map(
      (locator): SteeringLocator => ({ ...locator, usable: !locator.broken }),
    );
    return choosePaths(local, peer).flatMap((choice) => {
      const uplink = this.#site.uplinkOf(choice.source);
      return uplink === undefined ? [] : [{ ...choice, uplink }];
    });
  }
}
