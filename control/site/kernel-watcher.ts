/** What the kernel knows of interfaces and neighbours, now and as it changes. */
import type { LinkInfo, NeighbourInfo, Netlink } from '../../native/linux/index.ts';
import type { Address } from '../wire/ipv6/address.ts';
import type { MacAddress } from '../wire/ipv6/header.ts';
import type { LinkFacts } from './uplinks.ts';

/** An interface as the data path sees it: programs attach below a VLAN interface. */
export interface InterfaceFacts extends LinkFacts {
  readonly name: string;
  /** Where frames are seen by XDP: the interface itself, or what its VLAN runs on. */
  readonly attachIfindex: number;
  /** 0: untagged. */
  readonly vlan: number;
}

export interface KernelListener {
  onInterface(name: string, facts: InterfaceFacts | undefined): void;
  /** `mac` undefined: the neighbour cannot be reached. `fixed`: the kernel was told and does not find out. */
  onNeighbour(ifindex: number, address: Address, mac: MacAddress | undefined, fixed: boolean): void;
  /** Events were lost and everything was read anew. */
  onOverrun(): void;
}

export interface KernelWatch {
  /** Tells of one more interface and of its neighbours, as they are and as they change. */
  add(name: string): void;
}

/** Tells the listener everything there is, and then every change until the netlink handle closes. */
export function watchKernel(
  netlink: Netlink,
  interfaces: Iterable<string>,
  listener: KernelListener,
): KernelWatch {
  const names = new Set(interfaces);
  const tellNeighbour = (neighbour: NeighbourInfo) => {
    if (neighbour.state === 'incomplete' || neighbour.state === 'none') return;
    const mac = neighbour.state === 'failed' ? undefined : neighbour.mac;
    const fixed = neighbour.state === 'permanent' || neighbour.state === 'noarp';
    listener.onNeighbour(neighbour.ifindex, neighbour.address, mac, fixed);
  };
  /** Numbers of the interfaces that are there, by name. */
  const present = new Map<string, number>();
  const tell = (name: string, link: LinkInfo | undefined) => {
    if (link === undefined) present.delete(name);
    else present.set(name, link.index);
    listener.onInterface(name, link === undefined ? undefined : facts(link));
  };
  const tellInterface = (links: readonly LinkInfo[], name: string) =>
    tell(
      name,
      links.find((candidate) => candidate.name === name),
    );
  /** Of an interface that has another name now. */
  const tellRenamed = ({ index, name }: LinkInfo) => {
    for (const [known, number] of present) if (number === index && known !== name) tell(known, undefined);
  };
  const tellAll = () => {
    const links = netlink.links();
    for (const name of names) tellInterface(links, name);
    for (const neighbour of netlink.neighbours()) tellNeighbour(neighbour);
  };
  netlink.subscribe(['link', 'neighbour'], (event) => {
    if (event.kind === 'overrun') {
      tellAll();
      listener.onOverrun();
    } else if (event.kind === 'link') {
      tellRenamed(event);
      if (names.has(event.name)) tell(event.name, event.removed ? undefined : event);
    } else if (event.kind === 'neighbour' && !event.removed) {
      // An entry that is merely forgotten says nothing against the neighbour.
      tellNeighbour(event);
    }
  });
  tellAll();
  return {
    add(name) {
      names.add(name);
      tellInterface(netlink.links(), name);
      for (const neighbour of netlink.neighbours()) tellNeighbour(neighbour);
    },
  };
}

function facts(link: LinkInfo): InterfaceFacts {
  const below = link.vlan === undefined ? undefined : link.lowerIndex;
  return {
    name: link.name,
    ifindex: link.index,
    attachIfindex: below ?? link.index,
    vlan: link.vlan ?? 0,
    mac: link.mac ?? new Uint8Array(6),
    mtu: link.mtu,
    carrier: link.up && link.carrier,
  };
}
