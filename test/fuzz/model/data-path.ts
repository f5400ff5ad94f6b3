/** The data path in a few lines: tags and locators out, ULIDs back in, nothing else touched. */
import type { ContextView } from '../../../control/shim6/index.ts';
import { choosePaths, type LocatorChoice } from '../../../control/steering/choose-paths.ts';
import { type Address, equalAddress, pairKey } from '../../../control/wire/ipv6/address.ts';
import { type ContextTag, tagNumber } from '../../../control/wire/shim6/index.ts';

/** A packet of upper layers, as hosts see it. */
export interface UlpPacket {
  readonly source: Address;
  readonly destination: Address;
  readonly octets: Uint8Array;
}

/** The same between boxes. */
export interface PayloadPacket {
  readonly source: Address;
  readonly destination: Address;
  readonly tag: ContextTag;
  readonly octets: Uint8Array;
}

interface Outbound {
  readonly peerTag: ContextTag;
  readonly paths: readonly LocatorChoice[];
}

interface Inbound {
  readonly local: Address;
  readonly peer: Address;
  readonly peerLocators: readonly Address[];
}

export class DataPath {
  readonly #outbound = new Map<string, Outbound>();
  readonly #inbound = new Map<number, Inbound>();

  install(context: ContextView): void {
    const { local, peer } = context;
    // When the peer knows none of ours any more, packets from a new one draw R1bis, which recovers the context.
    const acknowledged = context.localLocators.filter((locator) => locator.acknowledged);
    const paths = choosePaths(
      acknowledged.length > 0 ? acknowledged : context.localLocators,
      context.peerLocators.map((locator) => ({ ...locator, usable: !locator.broken })),
    );
    this.#outbound.set(pairKey(local, peer), { peerTag: context.peerTag, paths });
    const peerLocators = context.peerLocators.map(({ address }) => address);
    this.#inbound.set(tagNumber(context.localTag), { local, peer, peerLocators });
  }

  remove(context: ContextView): void {
    this.#outbound.delete(pairKey(context.local, context.peer));
    this.#inbound.delete(tagNumber(context.localTag));
  }

  /** Undefined without a context or a path that is up. */
  send(packet: UlpPacket, isUp: (locator: Address) => boolean): PayloadPacket | undefined {
    const outbound = this.#outbound.get(pairKey(packet.source, packet.destination));
    const path = outbound?.paths.find(({ source }) => isUp(source)) ?? outbound?.paths[0];
    if (outbound === undefined || path === undefined) return undefined;
    return { ...path, tag: outbound.peerTag, octets: packet.octets };
  }

  /** Undefined when the tag is unknown or goes with other locators. */
  receive({ source, tag, octets }: PayloadPacket): UlpPacket | undefined {
    const inbound = this.#inbound.get(tagNumber(tag));
    if (!inbound?.peerLocators.some((locator) => equalAddress(locator, source))) return undefined;
    return { source: inbound.peer, destination: inbound.local, octets };
  }
}
