/**
 * UDP sockets of a DHCPv6 server. What address a datagram was sent to tells the socket it arrives at: on every link
 * All_DHCP_Relay_Agents_and_Servers, on all of them together All_DHCP_Servers, and the box's own addresses.
 */
import { interfaceIndex, SyscallError, type UdpEndpoint, UdpSocket } from '../../native/linux/index.ts';
import type { DhcpPacket } from '../addressing/request.ts';
import { CLIENT_PORT, MessageType, SERVER_PORT } from '../wire/dhcp6/index.ts';
import { type Address, formatAddress, parseAddress } from '../wire/ipv6/address.ts';

/** RFC 8415 §7.1. */
const AGENTS_AND_SERVERS = parseAddress('ff02::1:2');
const SERVERS = parseAddress('ff05::1:3');
/** Octets, of which the kernel grants twice as many: what arrives while the box does something else waits there. */
const RECEIVE_BUFFER = 1024 * 1024;

export interface DhcpLink {
  readonly interface: string;
  /** The box's address there. */
  readonly address: Address;
}

/** A socket that cannot be had. `code` is the system's: EADDRINUSE, EACCES, ENODEV… */
export class DhcpListenError extends Error {
  readonly operation = 'bind';
  readonly address: string;
  readonly code: string;
  constructor(address: string, cause: SyscallError) {
    const { code } = cause;
    const hint = code === 'EADDRINUSE' ? '; another DHCPv6 server or relay agent has it' : '';
    super(`cannot listen on [${address}]:${SERVER_PORT} (udp): ${code}${hint}`, { cause });
    this.name = 'DhcpListenError';
    this.address = address;
    this.code = code;
  }
}

export type Respond = (message: Uint8Array) => void;
/** `packet.bytes` are valid during the call only. */
export type OnPacket = (packet: DhcpPacket, respond: Respond) => void;

interface Place {
  readonly address: Address;
  readonly multicast: boolean;
  /** The link that all of it arrives on. */
  readonly link?: string;
}

export class DhcpSockets {
  readonly #sockets: UdpSocket[] = [];
  readonly #onPacket: OnPacket;
  /** Names of the links by the number of their interface. */
  readonly #links = new Map<number, string>();
  /** Answers that the kernel did not take. */
  unsent = 0;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  /** Throws DhcpListenError, with nothing left open. */
  open(links: readonly DhcpLink[]): void {
    const names = links.map((link) => link.interface);
    try {
      for (const link of names) {
        this.#links.set(
          listening(AGENTS_AND_SERVERS, link, () => interfaceIndex(link)),
          link,
        );
        join(this.#open({ address: AGENTS_AND_SERVERS, multicast: true, link }), AGENTS_AND_SERVERS, link);
      }
      const servers = this.#open({ address: SERVERS, multicast: true });
      for (const link of names) join(servers, SERVERS, link);
      for (const { interface: link, address } of links) this.#open({ address, multicast: false, link });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  #open(place: Place): UdpSocket {
    const { address, link } = place;
    return listening(address, link, () => {
      const socket = UdpSocket.open({
        address,
        port: SERVER_PORT,
        receiveBuffer: RECEIVE_BUFFER,
        ...(link !== undefined && { interface: link }),
        receive: (bytes, source) => this.#received(socket, bytes, source, place),
        onUnsent: (count) => {
          this.unsent += count;
        },
      });
      this.#sockets.push(socket);
      return socket;
    });
  }

  #received(socket: UdpSocket, bytes: Uint8Array, from: UdpEndpoint, { multicast, link }: Place): void {
    const { address, scope } = from;
    // RFC 8415 §7.2: relay agents listen where servers do.
    const port = bytes[0] === MessageType.RelayForward ? SERVER_PORT : CLIENT_PORT;
    const respond: Respond = (message) => socket.send(message, { address, port, scope });
    // Of a link-local sender the kernel tells the interface itself.
    const name = (scope === 0 ? link : this.#links.get(scope)) ?? '';
    this.#onPacket({ bytes, interface: name, source: address, multicast }, respond);
  }
}

const join = (socket: UdpSocket, group: Address, link: string): void =>
  listening(group, link, () => socket.join(group, link));

/** What `work` returns. Throws DhcpListenError, with the address and its link, where a system call failed. */
function listening<Result>(address: Address, link: string | undefined, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const place = formatAddress(address) + (link === undefined ? '' : `%${link}`);
    throw new DhcpListenError(place, error);
  }
}
