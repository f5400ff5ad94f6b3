/** The data path's map `path_mtu`, and the count that tells it to ask there. See bpf/layout.h. */
import type { BpfMap } from '../../native/libbpf/index.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { Path, Settings } from './layout.generated.ts';
import type { PathMtuTable } from './path-mtus.ts';

export class PathMtuMap implements PathMtuTable {
  readonly #map: BpfMap;
  readonly #settings: Uint8Array;

  /** `settings`: struct settings in shared memory. */
  constructor(map: BpfMap, settings: Uint8Array) {
    this.#map = map;
    this.#settings = settings;
  }

  set(uplink: number, destination: Address, mtu: number): void {
    this.#map.set(key(uplink, destination), new Uint8Array(Uint32Array.of(mtu).buffer));
  }

  delete(uplink: number, destination: Address): void {
    this.#map.delete(key(uplink, destination));
  }

  count(entries: number): void {
    const view = new DataView(this.#settings.buffer, this.#settings.byteOffset);
    view.setUint32(Settings.pathMtus, entries, true);
  }
}

function key(uplink: number, destination: Address): Uint8Array {
  const octets = new Uint8Array(Path.size);
  octets.set(destination, Path.destination);
  new DataView(octets.buffer).setUint32(Path.uplink, uplink, true);
  return octets;
}
