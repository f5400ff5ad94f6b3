/** The egress table: (source ULID, destination ULID) -> where and how to send. See bpf/layout.h. */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import { egressHash, forkHash } from './hash.ts';
import { ControlWord, EgressEntry, LocatorPair, SlotState, TableLimits } from './layout.generated.ts';
import { payloadHeader } from './payload-header.ts';
import { NO_SLOT, SlotTable } from './slot-table.ts';

/** A locator pair and the uplink it leaves by. */
export interface Path {
  readonly source: Address;
  readonly destination: Address;
  /** Index in the uplink table. */
  readonly uplink: number;
}

export interface EgressView {
  readonly state: number;
  readonly active: 0 | 1;
  readonly paths: readonly Path[];
  readonly packets: number;
  /** IPv6 octets, as the host sent them. */
  readonly bytes: number;
  /** Tick of the last packet. */
  readonly lastSent: number;
}

export class EgressTable {
  readonly #table: SlotTable;
  readonly #key: BigUint64Array;
  readonly #pair = new DataView(new ArrayBuffer(32));
  readonly #pairBytes = new Uint8Array(this.#pair.buffer);
  /** Entries by the uplink of their path in use. */
  readonly #byUplink = new Uint32Array(256);
  /** Alternate paths to write at the next flush, when no packet can still be using the old ones. */
  readonly #deferred = new Map<number, Path | undefined>();

  /** `memory` is zeroed. */
  constructor(memory: Uint32Array, hashKey: BigUint64Array, capacity: number) {
    this.#table = new SlotTable(memory, capacity, EgressEntry.control);
    this.#key = hashKey;
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

  /** `fork`: 0 is the default context of the pair. */
  find(source: Address, destination: Address, fork = 0): number {
    return this.#table.find(this.#hash(source, destination, fork), (slot) =>
      this.#holds(slot, source, destination, fork),
    );
  }

  /** Adds an entry in SLOT_DRAINING, or returns NO_SLOT when the table is full. */
  add(source: Address, destination: Address, peerTag: ContextTag, paths: readonly Path[], fork = 0): number {
    const table = this.#table;
    const slot = table.claim(this.#hash(source, destination, fork));
    if (slot === NO_SLOT) return NO_SLOT;
    const offset = table.offset(slot);
    table.bytes.set(source, offset + EgressEntry.sourceUlid);
    table.bytes.set(destination, offset + EgressEntry.destinationUlid);
    this.setPeerTag(slot, peerTag);
    this.#writePath(slot, 0, paths[0]);
    this.#writePath(slot, 1, paths[1]);
    this.#setState(slot, SlotState.SLOT_DRAINING | (fork << ControlWord.CONTROL_FORK_SHIFT));
    return slot;
  }

  /** Lets packets of all ports through. */
  setLive(slot: number): void {
    this.#setState(slot, SlotState.SLOT_LIVE);
  }

  /** Has the packets of all ports but the injection one punted. */
  setDraining(slot: number): void {
    this.#setState(slot, SlotState.SLOT_DRAINING);
  }

  /** Whether steering rules are to be asked about the pair's packets. Only default contexts are steered. */
  setSteered(slot: number, steered: boolean): void {
    const others = this.#table.control(slot) & ~ControlWord.CONTROL_STEERED;
    this.#publish(slot, others | (steered ? ControlWord.CONTROL_STEERED : 0));
  }

  isLive(slot: number): boolean {
    return this.#table.state(slot) === SlotState.SLOT_LIVE;
  }

  /** The peer answers to a new tag (a context established anew). */
  setPeerTag(slot: number, tag: ContextTag): void {
    const { first, second } = payloadHeader(tag);
    this.#table.setWord(slot, EgressEntry.payloadHeader, first);
    this.#table.setWord(slot, EgressEntry.payloadHeader + 4, second);
  }

  /**
   * Makes `primary` the path in use and `alternate` the one behind it, without a moment in which
   * a packet could see half a locator pair: only the path not in use is ever written.
   * `isUp` tells which uplinks the data path takes for usable.
   */
  setPaths(
    slot: number,
    primary: Path,
    alternate: Path | undefined,
    isUp: (uplink: number) => boolean,
  ): void {
    const active = this.#active(slot);
    const standby = active === 0 ? 1 : 0;
    const inUse = !isUp(this.#uplink(slot, active)) && isUp(this.#uplink(slot, standby)) ? standby : active;
    const spare = inUse === 0 ? 1 : 0;
    if (samePath(this.#path(slot, inUse), primary)) {
      this.#activate(slot, inUse);
      if (!samePath(this.#path(slot, spare), alternate)) this.#deferred.set(slot, alternate);
      else this.#deferred.delete(slot);
      return;
    }
    this.#activate(slot, inUse);
    this.#writePath(slot, spare, primary);
    this.#activate(slot, spare);
    this.#deferred.set(slot, alternate);
  }

  /** In the slots from `first` up to, not including, `end`: the path that packets take stays the one they take. */
  settle(first: number, end: number, isUp: (uplink: number) => boolean): void {
    // By uplink, UPLINK_NONE included: the question is asked twice for each slot.
    const up = Array.from({ length: 256 }, (_, uplink) => isUp(uplink));
    for (let slot = first; slot < end; slot++) {
      const control = this.#table.control(slot);
      if ((control & ControlWord.CONTROL_STATE_MASK) < SlotState.SLOT_DRAINING) continue;
      const active = this.#active(slot);
      const other = active === 0 ? 1 : 0;
      if (!up[this.#uplink(slot, active)] && up[this.#uplink(slot, other)]) this.#activate(slot, other);
    }
  }

  /** Writes the alternate paths that setPaths left for later. Call a tick later. */
  flush(): void {
    for (const [slot, path] of this.#deferred) this.#writePath(slot, this.#active(slot) === 0 ? 1 : 0, path);
    this.#deferred.clear();
  }

  /** Starts the measure of silence. `tick`: the data path's clock. */
  touch(slot: number, tick: number): void {
    this.#table.setWord(slot, EgressEntry.lastSent, tick);
  }

  /** Tick of the last packet. */
  lastSent(slot: number): number {
    return this.#table.word(slot, EgressEntry.lastSent);
  }

  /** The path that the data path takes now: the active one, or the other while only that one's uplink is up. */
  pathInUse(slot: number, isUp: (uplink: number) => boolean): Path | undefined {
    const active = this.#active(slot);
    const standby = active === 0 ? 1 : 0;
    const inUse = !isUp(this.#uplink(slot, active)) && isUp(this.#uplink(slot, standby)) ? standby : active;
    return this.#path(slot, inUse);
  }

  /** True when no packet left since `tick`. */
  isSilentSince(slot: number, tick: number): boolean {
    return this.#table.word(slot, EgressEntry.lastSent) < tick;
  }

  /** How many entries have `uplink` in their active path: where an uplink was lost, until they are settled. */
  countByUplink(uplink: number): number {
    return this.#byUplink[uplink]!;
  }

  remove(slot: number): void {
    this.#deferred.delete(slot);
    this.#note(this.#table.control(slot), -1);
    this.#table.release(slot);
  }

  view(slot: number): EgressView {
    const table = this.#table;
    return {
      state: table.state(slot),
      active: this.#active(slot),
      paths: [this.#path(slot, 0), this.#path(slot, 1)].filter((path) => path !== undefined),
      packets: table.counter(slot, EgressEntry.packets),
      bytes: table.counter(slot, EgressEntry.bytes),
      lastSent: table.word(slot, EgressEntry.lastSent),
    };
  }

  #hash(source: Address, destination: Address, fork: number): number {
    this.#pairBytes.set(source, 0);
    this.#pairBytes.set(destination, 16);
    return forkHash(egressHash(this.#pair, this.#key), fork);
  }

  #holds(slot: number, source: Address, destination: Address, fork: number): boolean {
    const { bytes } = this.#table;
    const found =
      (this.#table.control(slot) & ControlWord.CONTROL_FORK_MASK) >>> ControlWord.CONTROL_FORK_SHIFT;
    if (found !== fork) return false;
    const offset = this.#table.offset(slot);
    return (
      equalAddress(bytes.subarray(offset + EgressEntry.sourceUlid), source) &&
      equalAddress(bytes.subarray(offset + EgressEntry.destinationUlid), destination)
    );
  }

  #active(slot: number): 0 | 1 {
    return ((this.#table.control(slot) >>> ControlWord.CONTROL_ACTIVE_SHIFT) & 1) as 0 | 1;
  }

  /** The only way to a new `control`. */
  #publish(slot: number, control: number): void {
    this.#note(this.#table.control(slot), -1);
    this.#note(control, 1);
    this.#table.publish(slot, control);
  }

  #note(control: number, by: 1 | -1): void {
    if ((control & ControlWord.CONTROL_STATE_MASK) < SlotState.SLOT_DRAINING) return;
    const active = ((control >>> ControlWord.CONTROL_ACTIVE_SHIFT) & 1) as 0 | 1;
    this.#byUplink[(control >>> uplinkShift(active)) & 0xff]! += by;
  }

  #activate(slot: number, index: 0 | 1): void {
    const others = this.#table.control(slot) & ~(1 << ControlWord.CONTROL_ACTIVE_SHIFT);
    this.#publish(slot, others | (index << ControlWord.CONTROL_ACTIVE_SHIFT));
  }

  #setState(slot: number, state: number): void {
    const others = this.#table.control(slot) & ~ControlWord.CONTROL_STATE_MASK;
    this.#publish(slot, others | state);
  }

  #uplink(slot: number, index: 0 | 1): number {
    return (this.#table.control(slot) >>> uplinkShift(index)) & 0xff;
  }

  #path(slot: number, index: 0 | 1): Path | undefined {
    const uplink = this.#uplink(slot, index);
    if (uplink === TableLimits.UPLINK_NONE) return undefined;
    const offset = this.#table.offset(slot) + EgressEntry.path + index * LocatorPair.size;
    const { bytes } = this.#table;
    return {
      source: bytes.slice(offset, offset + 16),
      destination: bytes.slice(offset + 16, offset + 32),
      uplink,
    };
  }

  #writePath(slot: number, index: 0 | 1, path: Path | undefined): void {
    const table = this.#table;
    // No packet takes the path while its locators change.
    const shift = uplinkShift(index);
    const others = table.control(slot) & ~(0xff << shift);
    this.#publish(slot, others | (TableLimits.UPLINK_NONE << shift));
    if (path === undefined) return;
    const offset = table.offset(slot) + EgressEntry.path + index * LocatorPair.size;
    table.bytes.set(path.source, offset + LocatorPair.source);
    table.bytes.set(path.destination, offset + LocatorPair.destination);
    this.#publish(slot, others | (path.uplink << shift));
  }
}

/** Where `control` says by which uplink a path leaves. */
const uplinkShift = (index: 0 | 1): number => ControlWord.CONTROL_UPLINK_SHIFT + index * 8;

export function samePath(first: Path | undefined, second: Path | undefined): boolean {
  if (first === undefined || second === undefined) return first === second;
  return (
    first.uplink === second.uplink &&
    equalAddress(first.source, second.source) &&
    equalAddress(first.destination, second.destination)
  );
}
