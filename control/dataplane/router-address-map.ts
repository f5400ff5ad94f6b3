/** The data path's map `router_addresses`: what its ICMPv6 errors come from. See bpf/layout.h. */
import type { BpfMap } from '../../native/libbpf/index.ts';
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import { Link } from './layout.generated.ts';

export interface LinkAddress {
  /** Of the interface where XDP sees frames. */
  readonly ifindex: number;
  /** 802.1Q VLAN identifier, 0: untagged. */
  readonly vlan: number;
  readonly address: Address;
}

export class RouterAddressMap {
  readonly #map: Pick<BpfMap, 'set' | 'delete'>;
  /** What is in the map, by link. */
  #written = new Map<string, LinkAddress>();

  constructor(map: Pick<BpfMap, 'set' | 'delete'>) {
    this.#map = map;
  }

  /** These are all; of a link that is named twice the first counts. Throws BpfError. */
  replace(addresses: readonly LinkAddress[]): void {
    const wanted = new Map([...addresses].reverse().map((entry) => [nameOf(entry), entry]));
    for (const [name, entry] of this.#written) {
      if (wanted.has(name)) continue;
      this.#map.delete(key(entry));
      this.#written.delete(name);
    }
    for (const [name, entry] of wanted) {
      const written = this.#written.get(name);
      if (written !== undefined && equalAddress(written.address, entry.address)) continue;
      this.#map.set(key(entry), entry.address);
      this.#written.set(name, entry);
    }
  }
}

const nameOf = ({ ifindex, vlan }: LinkAddress) => `${ifindex}.${vlan}`;

function key({ ifindex, vlan }: LinkAddress): Uint8Array {
  const octets = new Uint8Array(Link.size);
  const view = new DataView(octets.buffer);
  view.setUint32(Link.ifindex, ifindex, true);
  view.setUint32(Link.vlan, vlan, true);
  return octets;
}
