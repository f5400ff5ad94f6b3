/** UDP sockets with what node:dgram cannot ask of them; it takes them over from their descriptor. */
import { check, libc } from './libc.ts';

const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOCKADDR_IN6_LENGTH = 28;

export interface UdpSocketOptions {
  /** 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
  /** The interface whose address it is, where the address alone does not tell. */
  readonly interface?: string;
  /** Bytes that may wait to be read, counted with the kernel's overhead; net.core.rmem_max does not limit them. */
  readonly receiveBuffer: number;
}

/**
 * A bound socket for IPv6 alone, in the calling thread's network namespace. Returns its descriptor, for
 * `bind({ fd })` of node:dgram, which closes it. Needs CAP_NET_ADMIN. Throws SyscallError.
 */
export function bindUdp6(options: UdpSocketOptions): number {
  const fd = check('socket(UDP)', libc.socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const set = (name: string, level: number, option: number, value: number) =>
    check(`setsockopt(${name})`, libc.setsockopt(fd, level, option, Int32Array.of(value), 4));
  try {
    set('IPV6_V6ONLY', IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set('SO_RCVBUFFORCE', SOL_SOCKET, SO_RCVBUFFORCE, options.receiveBuffer);
    const name = socketAddress(options);
    check('bind(UDP)', libc.bind(fd, name, name.length));
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** struct sockaddr_in6: ipv6(7). Throws SyscallError when there is no such interface. */
function socketAddress({ address, port, interface: name }: UdpSocketOptions): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_IN6_LENGTH);
  const view = new DataView(bytes.buffer);
  // The family and the interface's number in the machine's order, the port in the network's.
  new Uint16Array(bytes.buffer)[0] = AF_INET6;
  view.setUint16(2, port);
  bytes.set(address, 8);
  if (name !== undefined) new Uint32Array(bytes.buffer)[6] = interfaceIndex(name);
  return bytes;
}

function interfaceIndex(name: string): number {
  // Returns 0 for an error.
  return libc.ifNameToIndex(name) || check(`if_nametoindex(${name})`, -1);
}
