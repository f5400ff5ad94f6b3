/**
 * UDP for IPv6 as a busy server needs it: many datagrams a system call, addresses as octets. node:dgram makes a system
 * call for each, and names interfaces by three more for each link-local address.
 */
import { DATAGRAM_MAXIMUM, DatagramBlock, type UdpEndpoint } from './datagram-block.ts';
import { Descriptor } from './descriptor.ts';
import { check, libc, uninterrupted } from './libc.ts';
import { watch } from './watch.ts';

const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IPV6 = 41;
const IPV6_ADD_MEMBERSHIP = 20;
const IPV6_V6ONLY = 26;
const MSG_DONTWAIT = 0x40;
const SOCKADDR_IN6_LENGTH = 28;
/** Datagrams per system call and, of those received, per turn of the event loop. */
const BATCH = 64;

export interface UdpSocketOptions {
  /** 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
  /** The interface whose address it is, where the address alone does not tell. */
  readonly interface?: string;
  /** Bytes that may wait to be read, counted with the kernel's overhead; net.core.rmem_max does not limit them. */
  readonly receiveBuffer?: number;
  /** `bytes` are valid during the call only. */
  readonly receive: (bytes: Uint8Array, source: UdpEndpoint) => void;
  /** So many datagrams were not taken by the kernel: its queue is full, there is no way to their destination, the socket is closed. */
  readonly onUnsent: (count: number) => void;
}

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly destination: UdpEndpoint;
}

/** Used within one call each: sockets share them. */
let arriving: DatagramBlock | undefined;
let leaving: DatagramBlock | undefined;

export class UdpSocket {
  readonly #descriptor: Descriptor;
  readonly #options: UdpSocketOptions;
  readonly #stop: () => void;
  #outgoing: Outgoing[] = [];

  private constructor(descriptor: Descriptor, options: UdpSocketOptions) {
    this.#descriptor = descriptor;
    this.#options = options;
    this.#stop = watch(descriptor.fd, () => this.#receive());
  }

  /**
   * A bound socket for IPv6 alone, in the calling thread's network namespace. `receiveBuffer` needs CAP_NET_ADMIN. Throws
   * SyscallError.
   */
  static open(options: UdpSocketOptions): UdpSocket {
    const fd = check('socket(UDP)', libc.socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const descriptor = new Descriptor(fd, 'UdpSocket');
    try {
      setOption(fd, 'IPV6_V6ONLY', IPV6_V6ONLY, Int32Array.of(1));
      const { receiveBuffer } = options;
      if (receiveBuffer !== undefined)
        setOption(fd, 'SO_RCVBUFFORCE', SO_RCVBUFFORCE, Int32Array.of(receiveBuffer), SOL_SOCKET);
      const name = socketAddress(options);
      check('bind(UDP)', libc.bind(fd, name, name.length));
      return new UdpSocket(descriptor, options);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /** That it is bound to. Throws SyscallError. */
  get port(): number {
    const name = new Uint8Array(SOCKADDR_IN6_LENGTH);
    check('getsockname(UDP)', libc.getsockname(this.#descriptor.fd, name, Uint32Array.of(name.length)));
    return new DataView(name.buffer).getUint16(2);
  }

  /** Receives what is sent to a group on an interface, too. Throws SyscallError. */
  join(group: Uint8Array, interfaceName: string): void {
    // struct ipv6_mreq: the group, then the interface's number.
    const request = new Uint8Array(20);
    request.set(group);
    new Uint32Array(request.buffer)[4] = interfaceIndex(interfaceName);
    setOption(this.#descriptor.fd, 'IPV6_ADD_MEMBERSHIP', IPV6_ADD_MEMBERSHIP, request);
  }

  /** Leaves with everything else that this turn of the event loop sends; `bytes` must not change before. */
  send(bytes: Uint8Array, destination: UdpEndpoint): void {
    if (bytes.length > DATAGRAM_MAXIMUM || this.#descriptor.closed) return this.#options.onUnsent(1);
    // After the promises that this turn has resolved: those of a commit are many.
    if (this.#outgoing.length === 0) process.nextTick(() => this.#flush());
    this.#outgoing.push({ bytes, destination });
  }

  /** Idempotent; nothing is received any more, and what was not sent yet is not. */
  close(): void {
    this.#outgoing = [];
    this.#stop();
    this.#descriptor.close();
  }

  #flush(): void {
    leaving ??= new DatagramBlock(BATCH);
    const block = leaving;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    for (let at = 0; at < outgoing.length; at += BATCH) {
      const count = Math.min(BATCH, outgoing.length - at);
      for (let index = 0; index < count; index++) {
        const { bytes, destination } = outgoing[at + index]!;
        block.put(index, bytes, destination);
      }
      const lost = this.#hand(block, count);
      if (lost > 0) this.#options.onUnsent(lost);
    }
  }

  /** Hands the first `count` datagrams to the kernel. Returns how many it did not take. */
  #hand(block: DatagramBlock, count: number): number {
    const { fd } = this.#descriptor;
    let lost = 0;
    for (let at = 0; at < count; ) {
      const sent = uninterrupted(() => libc.sendmmsg(fd, block.headerAddress(at), count - at, MSG_DONTWAIT));
      // The error is that of the first.
      if (sent < 0) lost++;
      at += Math.max(sent, 1);
    }
    return lost;
  }

  #receive(): void {
    arriving ??= new DatagramBlock(BATCH);
    const block = arriving;
    block.empty(BATCH);
    const { fd } = this.#descriptor;
    // An unconnected socket has no lasting errors; that of a single packet is this packet's loss.
    const count = uninterrupted(() => libc.recvmmsg(fd, block.headerAddress(0), BATCH, MSG_DONTWAIT, null));
    for (let index = 0; index < count && !this.#descriptor.closed; index++)
      this.#options.receive(block.bytes(index), block.source(index));
  }
}

/** A socket for IPv6 alone, from a port that the kernel chooses to one other. Throws SyscallError. */
export function connectUdp6(place: Pick<UdpSocketOptions, 'address' | 'port'>): number {
  const fd = check('socket(UDP)', libc.socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  try {
    const name = socketAddress(place);
    check('connect(UDP)', libc.connect(fd, name, name.length));
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function setOption(
  fd: number,
  name: string,
  option: number,
  value: Uint8Array | Int32Array,
  level = IPPROTO_IPV6,
): void {
  check(`setsockopt(${name})`, libc.setsockopt(fd, level, option, value, value.byteLength));
}

/** struct sockaddr_in6: ipv6(7). Throws SyscallError when there is no such interface. */
function socketAddress({
  address,
  port,
  interface: name,
}: Pick<UdpSocketOptions, 'address' | 'port' | 'interface'>): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_IN6_LENGTH);
  const view = new DataView(bytes.buffer);
  // The family and the interface's number in the machine's order, the port in the network's.
  new Uint16Array(bytes.buffer)[0] = AF_INET6;
  view.setUint16(2, port);
  bytes.set(address, 8);
  if (name !== undefined) new Uint32Array(bytes.buffer)[6] = interfaceIndex(name);
  return bytes;
}

/** The number of an interface, as endpoints have it. Throws SyscallError when there is none of that name. */
export function interfaceIndex(name: string): number {
  // Returns 0 for an error.
  return libc.ifNameToIndex(name) || check(`if_nametoindex(${name})`, -1);
}
