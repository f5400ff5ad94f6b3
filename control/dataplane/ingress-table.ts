/** The ingress table: local context tag -> whose packet it is. See bpf/layout.h. */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import { ingressHash } from './hash.ts';
import { IngressEntry, SlotState, TableLimits } from './layout.generated.ts';
import { contextTag, payloadHeader } from './payload-header.ts';
import { NO_SLOT, SlotTable } from './slot-table.ts';

/** Where a host is on the inside: a port and the Ethernet address of its next hop. */
export interface HostLink {
  readonly port: number;
  readonly mac: Uint8Array;
}

export interface IngressView {
  /** Wraps at 2^32. */
  readonly packets: number;
  /** IPv6 octets, as delivered to the host. */
  readonly bytes: number;
  /** Tick of the last packet. */
  readonly lastReceived: number;
}

export class IngressTable {
  readonly #table: SlotTable;

  constructor(memory: Uint32Array, capacity: number) {
    this.#table = new SlotTable(memory, capacity, IngressEntry.control);
  }

  get mask(): number {
    return this.#table.mask;
  }

  /** Of a 64-bit hash, to its first slot. */
  get shift(): number {
    return this.#table.shift + 32;
  }

  get count(): number {
    return this.#table.count;
  }

  find(tag: ContextTag): number {
    const header = payloadHeader(tag);
    const live = header.first | SlotState.SLOT_LIVE;
    return this.#table.find(
      ingressHash(header),
      (slot) =>
        (this.#table.control(slot) | 0) === live &&
        this.#table.word(slot, IngressEntry.tagLow) === header.second,
    );
  }

  /** Adds a live entry, or returns NO_SLOT when the table is full. */
  add(
    tag: ContextTag,
    local: Address,
    peer: Address,
    peerLocators: readonly Address[],
    host: HostLink | undefined,
  ): number {
    const table = this.#table;
    const header = payloadHeader(tag);
    const slot = table.claim(ingressHash(header));
    if (slot === NO_SLOT) return NO_SLOT;
    const offset = table.offset(slot);
    table.setWord(slot, IngressEntry.tagLow, header.second);
    table.bytes.set(peer, offset + IngressEntry.peerUlid);
    table.bytes.set(local, offset + IngressEntry.localUlid);
    this.setHost(slot, host);
    this.#writeLocators(slot, peerLocators);
    table.publish(slot, header.first | SlotState.SLOT_LIVE);
    return slot;
  }

  /** Replaces the sources that payload may come from. */
  setPeerLocators(slot: number, peerLocators: readonly Address[]): void {
    this.#writeLocators(slot, peerLocators);
  }

  /** Whether the data path takes payload from this source for the entry, where it looks at sources. */
  admits(slot: number, source: Address): boolean {
    const offset = this.#table.offset(slot);
    const { bytes } = this.#table;
    const count = bytes[offset + IngressEntry.peerLocators]!;
    if (count === TableLimits.ANY_SOURCE) return true;
    const first = offset + IngressEntry.peerLocator;
    for (let at = first; at < first + count * 16; at += 16) {
      if (equalAddress(bytes.subarray(at, at + 16), source)) return true;
    }
    return false;
  }

  /** Where to deliver; undefined leaves the last hop to the kernel. */
  setHost(slot: number, host: HostLink | undefined): void {
    const offset = this.#table.offset(slot);
    this.#table.bytes[offset + IngressEntry.port] = TableLimits.PORT_NONE;
    if (host === undefined) return;
    this.#table.bytes.set(host.mac, offset + IngressEntry.hostMac);
    this.#table.bytes[offset + IngressEntry.port] = host.port;
  }

  /** Starts the measure of silence. `tick`: the data path's clock. */
  touch(slot: number, tick: number): void {
    this.#table.setWord(slot, IngressEntry.lastReceived, tick);
  }

  /** Tick of the last packet. */
  lastReceived(slot: number): number {
    return this.#table.word(slot, IngressEntry.lastReceived);
  }

  /** True for a live entry by which no packet came since `tick`. */
  isSilentSince(slot: number, tick: number): boolean {
    return (
      this.#table.state(slot) === SlotState.SLOT_LIVE &&
      this.#table.word(slot, IngressEntry.lastReceived) < tick
    );
  }

  /** The local context tag of a live entry. */
  tagAt(slot: number): ContextTag {
    return contextTag({
      first: this.#table.control(slot),
      second: this.#table.word(slot, IngressEntry.tagLow),
    });
  }

  remove(slot: number): void {
    this.#table.release(slot);
  }

  view(slot: number): IngressView {
    return {
      packets: this.#table.word(slot, IngressEntry.packets),
      bytes: this.#table.counter(slot, IngressEntry.bytes),
      lastReceived: this.#table.word(slot, IngressEntry.lastReceived),
    };
  }

  /** More locators than fit admit any source. */
  #writeLocators(slot: number, peerLocators: readonly Address[]): void {
    const offset = this.#table.offset(slot);
    const { bytes } = this.#table;
    // A packet that meets a half-written list must not be refused.
    Atomics.store(bytes, offset + IngressEntry.peerLocators, TableLimits.ANY_SOURCE);
    if (peerLocators.length > TableLimits.PEER_LOCATORS) return;
    for (const [index, locator] of peerLocators.entries()) {
      bytes.set(locator, offset + IngressEntry.peerLocator + index * 16);
    }
    Atomics.store(bytes, offset + IngressEntry.peerLocators, peerLocators.length);
  }
}
