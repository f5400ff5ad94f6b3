/**
 * Hands frames back to the data path. They go into one end of a veth pair whose other end runs one
 * of the programs, so that there is one rewriter, in C.
 */
import { type Netlink, PacketSocket } from '../../native/linux/index.ts';
import type { MacAddress } from '../wire/ipv6/header.ts';

const ETHERNET_LENGTH = 14;

export class Injector {
  /** Interface that the frames arrive at: attach the program here. */
  readonly ifindex: number;
  readonly #near: string;
  readonly #far: string;
  readonly #mac: MacAddress;
  readonly #netlink: Netlink;
  readonly #socket: PacketSocket;
  /** Frames the kernel did not take. */
  failed = 0;

  /** Makes the pair anew; `program` is in its names. Throws SyscallError. */
  constructor(netlink: Netlink, program: 'inside' | 'outside') {
    this.#netlink = netlink;
    this.#near = `p6-${program}-in`;
    this.#far = `p6-${program}`;
    netlink.deleteLink(this.#near);
    netlink.createVeth(this.#near, this.#far);
    // The near end starts to carry frames once the far end is up.
    for (const name of [this.#far, this.#near]) netlink.setLink(name, { up: true });
    const { index, mac } = netlink.link(this.#far)!;
    this.ifindex = index;
    this.#mac = mac!;
    this.#socket = PacketSocket.open(netlink.link(this.#near)!.index);
  }

  /** Makes room for frames of `length` octets, or of as many as the program that is attached now can be given. */
  allow(length: number): void {
    const { maxMtu } = this.#netlink.link(this.#near)!;
    const mtu = Math.min(length - ETHERNET_LENGTH, maxMtu || length);
    for (const name of [this.#far, this.#near]) this.#netlink.setLink(name, { mtu });
  }

  inject(frame: Uint8Array): void {
    // What the program leaves to the kernel must be addressed to the interface it came in at.
    const addressed = Uint8Array.from(frame);
    addressed.set(this.#mac, 0);
    try {
      this.#socket.send(addressed);
    } catch {
      this.failed++;
    }
  }

  close(): void {
    this.#socket.close();
    this.#netlink.deleteLink(this.#near);
  }
}
