/** The small tables of interfaces and providers: struct port and struct uplink in bpf/layout.h. */
import type { MacAddress } from '../wire/ipv6/header.ts';
import type { TunnelEnds } from '../wire/ipv6/tunnel.ts';
import { Port, SettingsLimits, Uplink } from './layout.generated.ts';
import type { TunnelTable } from './tunnels.ts';

export interface PortFields {
  readonly ifindex: number;
  /** 802.1Q VLAN identifier, 0: untagged. */
  readonly vlan: number;
  /** Largest IPv6 packet, octets. */
  readonly mtu: number;
  readonly mac: MacAddress;
}

export interface UplinkFields {
  /** Index in the port table. */
  readonly port: number;
  /** Largest IPv6 packet, octets. */
  readonly mtu: number;
  readonly gateway: MacAddress;
  /** Absent: packets leave as they are. */
  readonly tunnel?: TunnelEnds | undefined;
}

/** Offsets in an Ethernet header, octets. */
const SOURCE = 6;
const TYPE = 12;
/** Of the longest Ethernet header, with a tag. */
const LINK_LENGTH = 18;
const TYPE_CUSTOMER_TAG = 0x8100;
const TYPE_IPV6 = 0x86dd;

export class LinkTables {
  readonly #ports: Uint8Array;
  readonly #uplinks: Uint8Array;
  readonly #tunnels: TunnelTable;
  /** Indices of the uplinks that are up. */
  readonly #up = new Set<number>();

  constructor(ports: Uint8Array, uplinks: Uint8Array, tunnels: TunnelTable) {
    this.#ports = ports;
    this.#uplinks = uplinks;
    this.#tunnels = tunnels;
  }

  setPort(index: number, port: PortFields): void {
    if (index >= SettingsLimits.MAX_PORTS)
      throw new RangeError(`port ${index} of ${SettingsLimits.MAX_PORTS}`);
    const view = this.#view(this.#ports, index * Port.size);
    this.#ports.set(port.mac, index * Port.size + Port.link + SOURCE);
    const tag = port.vlan === 0 ? [] : [TYPE_CUSTOMER_TAG, port.vlan];
    const words = [...tag, TYPE_IPV6];
    for (const [position, word] of words.entries()) view.setUint16(Port.link + TYPE + position * 2, word);
    view.setUint16(Port.mtu, Math.min(port.mtu, 65535), true);
    view.setUint32(Port.linkLength, TYPE + words.length * 2, true);
    for (let uplink = 0; uplink < SettingsLimits.MAX_UPLINKS; uplink++)
      if (this.#portOf(uplink) === index) this.#copyLink(uplink);
  }

  /** Everything but the state. */
  setUplink(index: number, uplink: UplinkFields): void {
    if (index >= SettingsLimits.MAX_UPLINKS)
      throw new RangeError(`uplink ${index} of ${SettingsLimits.MAX_UPLINKS}`);
    const view = this.#view(this.#uplinks, index * Uplink.size);
    view.setUint32(Uplink.port, uplink.port, true);
    view.setUint16(Uplink.mtu, uplink.mtu, true);
    this.#uplinks.set(uplink.gateway, index * Uplink.size + Uplink.link);
    this.#tunnels.set(index, uplink.tunnel);
    view.setUint32(Uplink.tunnelled, uplink.tunnel === undefined ? 0 : 1, true);
    this.#copyLink(index);
  }

  /** Down, and no frame is taken for its tunnel's any more. */
  removeUplink(index: number): void {
    this.setUplinkState(index, false);
    this.#tunnels.set(index, undefined);
  }

  /** The one store that moves every context of a provider. */
  setUplinkState(index: number, up: boolean): void {
    if (up) this.#up.add(index);
    else this.#up.delete(index);
    const length = this.#view(this.#ports, this.#portOf(index) * Port.size).getUint32(Port.linkLength, true);
    const words = new Uint32Array(
      this.#uplinks.buffer,
      this.#uplinks.byteOffset,
      this.#uplinks.byteLength / 4,
    );
    Atomics.store(words, (index * Uplink.size + Uplink.linkLength) / 4, up ? length : 0);
  }

  /** Whether the data path uses it. */
  isUp(index: number): boolean {
    if (index >= SettingsLimits.MAX_UPLINKS) return false;
    return this.#view(this.#uplinks, index * Uplink.size).getUint32(Uplink.linkLength, true) !== 0;
  }

  #portOf(uplink: number): number {
    return this.#view(this.#uplinks, uplink * Uplink.size).getUint32(Uplink.port, true);
  }

  /** An uplink's frames begin as its port's do, but for the destination. */
  #copyLink(uplink: number): void {
    const from = this.#portOf(uplink) * Port.size + Port.link;
    const link = this.#ports.subarray(from + SOURCE, from + LINK_LENGTH);
    this.#uplinks.set(link, uplink * Uplink.size + Uplink.link + SOURCE);
    this.setUplinkState(uplink, this.#up.has(uplink));
  }

  #view(memory: Uint8Array, offset: number): DataView {
    return new DataView(memory.buffer, memory.byteOffset + offset);
  }
}
