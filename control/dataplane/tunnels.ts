/** The ways to exit routers: struct tunnels in bpf/layout.h, by uplink. */
import type { TunnelEnds } from '../wire/ipv6/tunnel.ts';
import { SettingsLimits, Tunnel, Tunnels } from './layout.generated.ts';

export class TunnelTable {
  readonly #memory: Uint8Array;
  readonly #used = new Set<number>();

  constructor(memory: Uint8Array) {
    this.#memory = memory;
  }

  /** Both ends of an uplink's tunnel; undefined: it is a direct one. */
  set(uplink: number, ends: TunnelEnds | undefined): void {
    if (uplink >= SettingsLimits.MAX_UPLINKS)
      throw new RangeError(`uplink ${uplink} of ${SettingsLimits.MAX_UPLINKS}`);
    const at = Tunnels.tunnel + uplink * Tunnel.size;
    if (ends === undefined) this.#memory.fill(0, at, at + Tunnel.size);
    else {
      this.#memory.set(ends.local, at + Tunnel.local);
      this.#memory.set(ends.remote, at + Tunnel.remote);
    }
    if (ends === undefined) this.#used.delete(uplink);
    else this.#used.add(uplink);
    const view = new DataView(this.#memory.buffer, this.#memory.byteOffset);
    view.setUint32(Tunnels.used, Math.max(0, ...[...this.#used].map((index) => index + 1)), true);
  }
}
