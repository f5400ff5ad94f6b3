/** The small tables of interfaces and providers: struct port and struct uplink in bpf/layout.h. */
import type { MacAddress } from '../wire/ipv6/header.ts';
import { Port, SettingsLimits, Uplink, UplinkState } from './layout.generated.ts';

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
}

export class LinkTables {
  readonly #ports: Uint8Array;
  readonly #uplinks: Uint8Array;

  constructor(ports: Uint8Array, uplinks: Uint8Array) {
    this.#ports = ports;
    this.#uplinks = uplinks;
  }

  setPort(index: number, port: PortFields): void {
    if (index >= SettingsLimits.MAX_PORTS)
      throw new RangeError(`port ${index} of ${SettingsLimits.MAX_PORTS}`);
    const view = this.#view(this.#ports, index * Port.size);
    view.setUint32(Port.ifindex, port.ifindex, true);
    view.setUint16(Port.vlan, port.vlan, true);
    view.setUint16(Port.mtu, Math.min(port.mtu, 65535), true);
    this.#ports.set(port.mac, index * Port.size + Port.mac);
  }

  /** Everything but the state. */
  setUplink(index: number, uplink: UplinkFields): void {
    if (index >= SettingsLimits.MAX_UPLINKS)
      throw new RangeError(`uplink ${index} of ${SettingsLimits.MAX_UPLINKS}`);
    const view = this.#view(this.#uplinks, index * Uplink.size);
    view.setUint32(Uplink.port, uplink.port, true);
    view.setUint16(Uplink.mtu, uplink.mtu, true);
    this.#uplinks.set(uplink.gateway, index * Uplink.size + Uplink.gateway);
  }

  /** The one store that moves every context of a provider. */
  setUplinkState(index: number, up: boolean): void {
    const words = new Uint32Array(
      this.#uplinks.buffer,
      this.#uplinks.byteOffset,
      this.#uplinks.byteLength / 4,
    );
    Atomics.store(
      words,
      (index * Uplink.size + Uplink.state) / 4,
      up ? UplinkState.UPLINK_UP : UplinkState.UPLINK_DOWN,
    );
  }

  isUp(index: number): boolean {
    if (index >= SettingsLimits.MAX_UPLINKS) return false;
    return (
      this.#view(this.#uplinks, index * Uplink.size).getUint32(Uplink.state, true) === UplinkState.UPLINK_UP
    );
  }

  #view(memory: Uint8Array, offset: number): DataView {
    return new DataView(memory.buffer, memory.byteOffset + offset);
  }
}
