/** The tables as user space fills them: every number by its offset in bpf/layout.h. */

import { egressHash, forkHash, ingressHash } from '../../control/dataplane/hash.ts';
import {
  ControlWord,
  EgressEntry,
  EventKind,
  IngressEntry,
  LocatorPair,
  Path,
  Port,
  Prefix,
  PuntLimit,
  Settings,
  SettingsFlags,
  SlotState,
  TableLimits,
  Uplink,
} from '../../control/dataplane/layout.generated.ts';
import { payloadHeader } from '../../control/dataplane/payload-header.ts';
import { RouterAddressMap } from '../../control/dataplane/router-address-map.ts';
import { commonBits } from '../../control/dataplane/settings.ts';
import { writeSteering } from '../../control/dataplane/steering-table.ts';
import { TunnelTable } from '../../control/dataplane/tunnels.ts';
import type { SteeringRule } from '../../control/steering/rules.ts';
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
  readonly fork?: number;
  readonly steered?: boolean;
}

export interface IngressFields {
  readonly tag: Tag;
  readonly peer: string;
  readonly local: string;
  readonly peerLocators: readonly string[];
  readonly port?: number;
  readonly hostMac?: string;
  readonly anySource?: boolean;
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
  /** Both ends' addresses. */
  readonly tunnel?: { readonly local: string; readonly remote: string } | undefined;
}

/** The interface that test runs come in by and that ports name: the loopback device. */
export const LOOPBACK = 1;
/** The clock as the programs see it. */
export const TICK = 4711;
/** Drawn once at random and made odd. */
export const HASH_KEY: BigUint64Array = BigUint64Array.of(
  0x31f70d698e2ac4b5n,
  0x6c08f2a3d45b9e17n,
  0xa7e458311f93b6cdn,
  0xf21b79435a6dc08fn,
);

/** A map's key or value of 32-bit words in host order. */
export const cell = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

export class Tables {
  readonly #slots: number;
  readonly #redirect: BpfMap;
  readonly #pathMtus: BpfMap;
  readonly #routerAddresses: RouterAddressMap;
  readonly #steering: Table;
  readonly #settings: Table;
  readonly #egress: Table;
  readonly #ingress: Table;
  readonly #ports: Table;
  readonly #uplinks: Table;
  readonly #tunnels: Table;
  #tunnelEnds: TunnelTable;
  /** By uplink. */
  readonly #up = new Set<number>();
  readonly #uplinkPorts = new Map<number, number>();

  constructor(object: BpfObject) {
    const table = (name: string) => new Table(SharedArray.map(object.map(name)));
    this.#slots = object.map('egress').maxEntries;
    this.#redirect = object.map('ports_redirect');
    this.#pathMtus = object.map('path_mtu');
    this.#routerAddresses = new RouterAddressMap(object.map('router_addresses'));
    this.#steering = table('.bss.steering');
    this.#settings = table('.bss.settings');
    this.#egress = table('egress');
    this.#ingress = table('ingress');
    this.#ports = table('.bss.ports');
    this.#uplinks = table('.bss.uplinks');
    this.#tunnels = table('.bss.tunnels');
    this.#tunnelEnds = new TunnelTable(this.#tunnels.array.bytes);
    this.reset();
  }

  /** Empty tables, no limits, no prefixes. */
  reset(): void {
    for (const table of this.#all()) table.clear();
    for (const key of this.#pathMtus.keys()) this.#pathMtus.delete(key);
    this.#tunnelEnds = new TunnelTable(this.#tunnels.array.bytes);
    this.routerAddresses([]);
    this.#uplinkPorts.clear();
    this.#up.clear();
    this.settings({});
  }

  settings(fields: {
    readonly site?: readonly string[];
    readonly ulids?: readonly string[];
    readonly strictSource?: boolean;
    readonly clampMss?: boolean;
    readonly injection?: number;
  }): void {
    const settings = this.#settings;
    const { site = [], ulids = [], strictSource = true, clampMss = false, injection = 0 } = fields;
    settings.u32(Settings.tick, TICK);
    const strict = strictSource ? SettingsFlags.SETTING_STRICT_SOURCE : 0;
    settings.u32(Settings.flags, strict | (clampMss ? SettingsFlags.SETTING_CLAMP_MSS : 0));
    settings.u32(Settings.egressMask, this.#slots - 1);
    settings.u32(Settings.ingressMask, this.#slots - 1);
    settings.u32(Settings.egressShift, 64 - Math.log2(this.#slots));
    settings.u32(Settings.ingressShift, 64 - Math.log2(this.#slots));
    settings.octets(Settings.hashKey, new Uint8Array(HASH_KEY.buffer));
    settings.u32(Settings.injectionIfindex, injection);
    settings.u32(Settings.sitePrefixes, site.length);
    settings.u32(Settings.ulidPrefixes, ulids.length);
    const { mask, bits } = commonBits(ulids.map(parsePrefix));
    settings.octets(Settings.ulidMask, bigEndian(mask));
    settings.octets(Settings.ulidBits, bigEndian(bits));
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
    ports.u16(at + Port.mtu, mtu);
    writeLink(ports, at, mac, vlan);
    this.#uplinkPorts.forEach((port, uplink) => {
      if (port === index) this.#copyLink(port, uplink);
    });
    if (redirect) this.#redirect.set(cell(index), cell(LOOPBACK));
    else this.#redirect.delete(cell(index));
  }

  uplink(index: number, { port, gateway, mtu = 1500, up = true, tunnel }: UplinkFields): void {
    const uplinks = this.#uplinks;
    const at = index * Uplink.size;
    uplinks.u32(at + Uplink.port, port);
    uplinks.u16(at + Uplink.mtu, mtu);
    uplinks.mac(at + Uplink.link, gateway);
    uplinks.u32(at + Uplink.tunnelled, tunnel === undefined ? 0 : 1);
    const ends = tunnel && { local: parseAddress(tunnel.local), remote: parseAddress(tunnel.remote) };
    this.#tunnelEnds.set(index, ends);
    this.#uplinkPorts.set(index, port);
    if (up) this.#up.add(index);
    else this.#up.delete(index);
    this.#copyLink(port, index);
  }

  /** The box's addresses where frames come in; `vlan` 0: untagged. */
  routerAddresses(entries: readonly { readonly vlan: number; readonly address: string }[]): void {
    this.#routerAddresses.replace(
      entries.map(({ vlan, address }) => ({ ifindex: LOOPBACK, vlan, address: parseAddress(address) })),
    );
  }

  steering(rules: readonly SteeringRule[]): void {
    writeSteering(this.#steering.array.bytes, rules);
  }

  pathMtu(fields: { readonly uplink: number; readonly destination: string; readonly mtu: number }): void {
    const key = new Uint8Array(Path.size);
    key.set(parseAddress(fields.destination), Path.destination);
    key.set(cell(fields.uplink), Path.uplink);
    this.#pathMtus.set(key, cell(fields.mtu));
    this.#settings.u32(Settings.pathMtus, this.#pathMtus.keys().length);
  }

  /** Places the context `probes` slots after the one its hash names; returns the slot. */
  egress(fields: EgressFields, probes = 0): number {
    const egress = this.#egress;
    const { tag, paths, active = 0, state = SlotState.SLOT_LIVE, fork = 0, steered = false } = fields;
    const slot = this.#slot(forkHash(egressHash(pairOf(fields), HASH_KEY), fork), probes);
    const at = slot * EgressEntry.size;
    egress.octets(at, new Uint8Array(EgressEntry.size));
    egress.address(at + EgressEntry.sourceUlid, fields.source);
    egress.address(at + EgressEntry.destinationUlid, fields.destination);
    const header = payloadHeader(tag);
    egress.u32(at + EgressEntry.payloadHeader, header.first);
    egress.u32(at + EgressEntry.payloadHeader + 4, header.second);
    for (const [path, { source, destination }] of paths.entries()) {
      const pathAt = at + EgressEntry.path + path * LocatorPair.size;
      egress.address(pathAt + LocatorPair.source, source);
      egress.address(pathAt + LocatorPair.destination, destination);
    }
    const uplinks = [0, 1].map((path) => paths[path]?.uplink ?? TableLimits.UPLINK_NONE);
    const second = active | (steered ? ControlWord.CONTROL_STEERED >> 8 : 0);
    const third = (fork << ControlWord.CONTROL_FORK_SHIFT) >> 8;
    egress.octets(at + EgressEntry.control, [state, second | third, ...uplinks]);
    return slot;
  }

  /** Places the context in the first free slot of its probe sequence. */
  addEgress(fields: EgressFields): void {
    const control = (slot: number) =>
      this.#egress.readU32(slot * EgressEntry.size + EgressEntry.control) & ControlWord.CONTROL_STATE_MASK;
    const hash = forkHash(egressHash(pairOf(fields), HASH_KEY), fields.fork ?? 0);
    this.egress(fields, this.#firstFree(hash, control));
  }

  addIngress(fields: IngressFields): void {
    const control = (slot: number) =>
      this.#ingress.readU32(slot * IngressEntry.size + IngressEntry.control) & ControlWord.CONTROL_STATE_MASK;
    this.ingress(fields, this.#firstFree(ingressHash(payloadHeader(fields.tag)), control));
  }

  #firstFree(hash: number, state: (slot: number) => number): number {
    let probes = 0;
    while (state(this.#slot(hash, probes)) !== SlotState.SLOT_EMPTY) probes++;
    return probes;
  }

  /** The state of an egress slot alone, whatever else stands there. */
  egressState(slot: number, state: number): void {
    const at = (slot & (this.#slots - 1)) * EgressEntry.size;
    this.#egress.octets(at + EgressEntry.control, [state]);
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
    const { tag, anySource = false, state = SlotState.SLOT_LIVE } = fields;
    const header = payloadHeader(tag);
    const slot = this.#slot(ingressHash(header), probes);
    const at = slot * IngressEntry.size;
    ingress.octets(at, new Uint8Array(IngressEntry.size));
    ingress.u32(at + IngressEntry.tagLow, header.second);
    ingress.octets(at + IngressEntry.port, [
      fields.port ?? TableLimits.PORT_NONE,
      anySource ? TableLimits.ANY_SOURCE : fields.peerLocators.length,
    ]);
    ingress.mac(at + IngressEntry.hostMac, fields.hostMac ?? '00:00:00:00:00:00');
    ingress.address(at + IngressEntry.peerUlid, fields.peer);
    ingress.address(at + IngressEntry.localUlid, fields.local);
    for (const [index, locator] of fields.peerLocators.entries())
      ingress.address(at + IngressEntry.peerLocator + 16 * index, locator);
    ingress.u32(at + IngressEntry.control, header.first | state);
    return slot;
  }

  ingressState(slot: number, state: number): void {
    const at = (slot & (this.#slots - 1)) * IngressEntry.size;
    this.#ingress.octets(at + IngressEntry.control, [state]);
  }

  /** How many peer locators the tag's context has, whatever stands behind them. */
  ingressLocators(tag: Tag, count: number): void {
    const slot = this.#slot(ingressHash(payloadHeader(tag)), 0);
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

  /** An uplink's frames begin as those of its port do, but for the destination. */
  #copyLink(port: number, uplink: number): void {
    const from = port * Port.size + Port.link;
    const link = this.#ports.array.bytes.slice(from + 6, from + 18);
    this.#uplinks.octets(uplink * Uplink.size + Uplink.link + 6, link);
    const length = this.#ports.readU32(port * Port.size + Port.linkLength);
    this.#uplinks.u32(uplink * Uplink.size + Uplink.linkLength, this.#up.has(uplink) ? length : 0);
  }

  #slot(hash: number, probes: number): number {
    return ((hash >>> (32 - Math.log2(this.#slots))) + probes) & (this.#slots - 1);
  }

  #all(): readonly Table[] {
    const small = [this.#settings, this.#steering, this.#ports, this.#uplinks, this.#tunnels];
    return [...small, this.#egress, this.#ingress];
  }
}

function pairOf({ source, destination }: EgressFields): DataView {
  const pair = new DataView(new ArrayBuffer(32));
  new Uint8Array(pair.buffer).set(parseAddress(source));
  new Uint8Array(pair.buffer).set(parseAddress(destination), 16);
  return pair;
}

/** The Ethernet header of a port's frames, without a destination. */
function writeLink(ports: Table, at: number, mac: string, vlan: number): void {
  ports.mac(at + Port.link + 6, mac);
  const tag = vlan === 0 ? [] : [0x81, 0x00, vlan >> 8, vlan & 0xff];
  ports.octets(at + Port.link + 12, [...tag, 0x86, 0xdd]);
  ports.u32(at + Port.linkLength, 14 + tag.length);
}

const bigEndian = (word: number): Uint8Array => new Uint8Array(Uint32Array.of(word).buffer).reverse();
