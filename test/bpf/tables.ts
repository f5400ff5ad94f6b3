/** The tables as user space fills them: every number by its offset in bpf/layout.h. */
import { egressHash, ingressHash } from '../../control/dataplane/hash.ts';
import {
  ControlWord,
  EgressEntry,
  EventKind,
  IngressEntry,
  LocatorPair,
  Port,
  Prefix,
  PuntLimit,
  Settings,
  SettingsFlags,
  SlotState,
  TableLimits,
  Uplink,
  UplinkState,
} from '../../control/dataplane/layout.generated.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { type BpfMap, type BpfObject, SharedArray } from '../../native/libbpf/index.ts';
import type { Tag } from './packets.ts';
import { Table } from './table.ts';

export interface PathFields {
  readonly uplink: number;
  readonly source: string;
  readonly destination: string;
}

export interface EgressFields {
  readonly source: string;
  readonly destination: string;
  readonly tag: Tag;
  readonly paths: readonly PathFields[];
  readonly active?: number;
  readonly state?: number;
}

export interface IngressFields {
  readonly tag: Tag;
  readonly peer: string;
  readonly local: string;
  readonly peerLocators: readonly string[];
  readonly port?: number;
  readonly hostMac?: string;
  readonly flags?: number;
  readonly state?: number;
}

export interface PortFields {
  readonly mac: string;
  readonly vlan?: number;
  readonly mtu?: number;
  /** Whether the devmap knows the interface, too (default). */
  readonly redirect?: boolean;
}

export interface UplinkFields {
  readonly port: number;
  readonly gateway: string;
  readonly mtu?: number;
  readonly up?: boolean;
}

/** The interface that test runs come in by and that ports name: the loopback device. */
export const LOOPBACK = 1;
/** The clock as the programs see it. */
export const TICK = 4711;
/** Drawn once at random and made odd. */
export const HASH_KEY: Uint32Array = Uint32Array.of(
  0x8e2ac4b5,
  0x31f70d69,
  0xd45b9e17,
  0x6c08f2a3,
  0x1f93b6cd,
  0xa7e45831,
  0x5a6dc08f,
  0xf21b7943,
);

/** A map's key or value of 32-bit words in host order. */
export const cell = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

export class Tables {
  readonly #slots: number;
  readonly #redirect: BpfMap;
  readonly #settings: Table;
  readonly #egress: Table;
  readonly #ingress: Table;
  readonly #ports: Table;
  readonly #uplinks: Table;

  constructor(object: BpfObject) {
    const table = (name: string) => new Table(SharedArray.map(object.map(name)));
    this.#slots = object.map('egress').maxEntries;
    this.#redirect = object.map('ports_redirect');
    this.#settings = table('settings');
    this.#egress = table('egress');
    this.#ingress = table('ingress');
    this.#ports = table('ports');
    this.#uplinks = table('uplinks');
    this.reset();
  }

  /** Empty tables, no limits, no prefixes. */
  reset(): void {
    for (const table of this.#all()) table.clear();
    this.settings({});
  }

  settings(fields: {
    readonly site?: readonly string[];
    readonly ulids?: readonly string[];
    readonly strictSource?: boolean;
    readonly injection?: number;
  }): void {
    const settings = this.#settings;
    const { site = [], ulids = [], strictSource = true, injection = 0 } = fields;
    settings.u32(Settings.tick, TICK);
    settings.u32(Settings.flags, strictSource ? SettingsFlags.SETTING_STRICT_SOURCE : 0);
    settings.u32(Settings.egressMask, this.#slots - 1);
    settings.u32(Settings.ingressMask, this.#slots - 1);
    HASH_KEY.forEach((word, index) => {
      settings.u32(Settings.hashKey + 4 * index, word);
    });
    settings.u32(Settings.injectionIfindex, injection);
    settings.u32(Settings.sitePrefixes, site.length);
    settings.u32(Settings.ulidPrefixes, ulids.length);
    const write = (first: number, texts: readonly string[]) => {
      for (const [index, text] of texts.entries()) {
        const prefix = parsePrefix(text);
        settings.octets(first + index * Prefix.size + Prefix.address, prefix.address);
        settings.u32(first + index * Prefix.size + Prefix.length, prefix.length);
      }
    };
    write(Settings.sitePrefix, site);
    write(Settings.ulidPrefix, ulids);
  }

  /** Nanoseconds between punts and burst, for all sources and for each. */
  limit(
    kind: keyof typeof EventKind,
    all: readonly [interval: number, burst: number],
    source: readonly [interval: number, burst: number] = [0, 0],
  ): void {
    const at = Settings.puntLimit + EventKind[kind] * PuntLimit.size;
    const settings = this.#settings;
    settings.u64(at + PuntLimit.interval, all[0]);
    settings.u64(at + PuntLimit.burst, all[1]);
    settings.u64(at + PuntLimit.sourceInterval, source[0]);
    settings.u64(at + PuntLimit.sourceBurst, source[1]);
  }

  port(index: number, { mac, vlan = 0, mtu = 1500, redirect = true }: PortFields): void {
    const ports = this.#ports;
    const at = index * Port.size;
    ports.u32(at + Port.ifindex, LOOPBACK);
    ports.u16(at + Port.vlan, vlan);
    ports.u16(at + Port.mtu, mtu);
    ports.mac(at + Port.mac, mac);
    if (redirect) this.#redirect.set(cell(index), cell(LOOPBACK));
    else this.#redirect.delete(cell(index));
  }

  uplink(index: number, { port, gateway, mtu = 1500, up = true }: UplinkFields): void {
    const uplinks = this.#uplinks;
    const at = index * Uplink.size;
    uplinks.u32(at + Uplink.port, port);
    uplinks.u16(at + Uplink.mtu, mtu);
    uplinks.mac(at + Uplink.gateway, gateway);
    uplinks.u32(at + Uplink.state, up ? UplinkState.UPLINK_UP : UplinkState.UPLINK_DOWN);
  }

  /** Places the context `probes` slots after the one its hash names; returns the slot. */
  egress(fields: EgressFields, probes = 0): number {
    const egress = this.#egress;
    const { tag, paths, active = 0, state = SlotState.SLOT_LIVE } = fields;
    const pair = new Uint32Array(8);
    new Uint8Array(pair.buffer).set(parseAddress(fields.source));
    new Uint8Array(pair.buffer).set(parseAddress(fields.destination), 16);
    const slot = (egressHash(pair, 0, HASH_KEY) + probes) & (this.#slots - 1);
    const at = slot * EgressEntry.size;
    egress.octets(at, new Uint8Array(EgressEntry.size));
    egress.address(at + EgressEntry.sourceUlid, fields.source);
    egress.address(at + EgressEntry.destinationUlid, fields.destination);
    egress.u32(at + EgressEntry.peerTagLow, tag.low);
    egress.u16(at + EgressEntry.peerTagHigh, tag.high);
    egress.octets(
      at + EgressEntry.uplink,
      [0, 1].map((path) => paths[path]?.uplink ?? TableLimits.UPLINK_NONE),
    );
    for (const [path, { source, destination }] of paths.entries()) {
      const pathAt = at + EgressEntry.path + path * LocatorPair.size;
      egress.address(pathAt + LocatorPair.source, source);
      egress.address(pathAt + LocatorPair.destination, destination);
    }
    egress.u32(at + EgressEntry.control, state | (active << ControlWord.CONTROL_ACTIVE_SHIFT));
    return slot;
  }

  /** The state of an egress slot alone, whatever else stands there. */
  egressState(slot: number, state: number): void {
    const at = (slot & (this.#slots - 1)) * EgressEntry.size;
    this.#egress.u32(at + EgressEntry.control, state);
  }

  egressCounters(slot: number): { lastSent: number; packets: number; bytes: number } {
    const egress = this.#egress;
    const at = slot * EgressEntry.size;
    return {
      lastSent: egress.readU32(at + EgressEntry.lastSent),
      packets: egress.readU64(at + EgressEntry.packets),
      bytes: egress.readU64(at + EgressEntry.bytes),
    };
  }

  ingress(fields: IngressFields, probes = 0): number {
    const ingress = this.#ingress;
    const { tag, flags = 0, state = SlotState.SLOT_LIVE } = fields;
    const slot = (ingressHash(tag.high, tag.low) + probes) & (this.#slots - 1);
    const at = slot * IngressEntry.size;
    ingress.octets(at, new Uint8Array(IngressEntry.size));
    ingress.u32(at + IngressEntry.tagLow, tag.low);
    ingress.octets(at + IngressEntry.port, [
      fields.port ?? TableLimits.PORT_NONE,
      fields.peerLocators.length,
    ]);
    ingress.mac(at + IngressEntry.hostMac, fields.hostMac ?? '00:00:00:00:00:00');
    ingress.address(at + IngressEntry.peerUlid, fields.peer);
    ingress.address(at + IngressEntry.localUlid, fields.local);
    for (const [index, locator] of fields.peerLocators.entries())
      ingress.address(at + IngressEntry.peerLocator + 16 * index, locator);
    const shifted = (flags << ControlWord.CONTROL_FLAGS_SHIFT) | (tag.high << ControlWord.CONTROL_TAG_SHIFT);
    ingress.u32(at + IngressEntry.control, state | shifted);
    return slot;
  }

  ingressState(slot: number, state: number): void {
    const at = (slot & (this.#slots - 1)) * IngressEntry.size;
    this.#ingress.u32(at + IngressEntry.control, state);
  }

  /** How many peer locators the tag's context has, whatever stands behind them. */
  ingressLocators(tag: Tag, count: number): void {
    const slot = ingressHash(tag.high, tag.low) & (this.#slots - 1);
    this.#ingress.octets(slot * IngressEntry.size + IngressEntry.peerLocators, [count]);
  }

  ingressCounters(slot: number): { lastReceived: number; packets: number; bytes: number } {
    const ingress = this.#ingress;
    const at = slot * IngressEntry.size;
    return {
      lastReceived: ingress.readU32(at + IngressEntry.lastReceived),
      packets: ingress.readU32(at + IngressEntry.packets),
      bytes: ingress.readU64(at + IngressEntry.bytes),
    };
  }

  close(): void {
    for (const table of this.#all()) table.array.close();
  }

  #all(): readonly Table[] {
    return [this.#settings, this.#egress, this.#ingress, this.#ports, this.#uplinks];
  }
}
