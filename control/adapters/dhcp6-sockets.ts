/**
 * UDP sockets of a DHCPv6 server. Node does not tell what address a datagram was sent to, so each has a socket: on every
 * link All_DHCP_Relay_Agents_and_Servers, on all of them together All_DHCP_Servers, and the box's own addresses.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { bindUdp6 } from '../../native/linux/index.ts';
import type { DhcpPacket } from '../addressing/request.ts';
import { BoundedMap } from '../limits/bounded-map.ts';
import { CLIENT_PORT, MessageType, SERVER_PORT } from '../wire/dhcp6/index.ts';
import { type Address, formatAddress, parseAddress } from '../wire/ipv6/address.ts';

/** RFC 8415 §7.1. */
const RELAY_AGENTS_AND_SERVERS = 'ff02::1:2';
const SERVERS = 'ff05::1:3';
/** Octets, of which the kernel grants twice as many: what arrives while the box does something else waits there. */
const RECEIVE_BUFFER = 1024 * 1024;
/** Senders whose addresses are remembered as octets. */
const KNOWN_SENDERS = 4096;

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
  constructor(address: string, cause: Error) {
    const code = 'code' in cause ? String(cause.code) : cause.name;
    const hint = code === 'EADDRINUSE' ? '; another DHCPv6 server or relay agent has it' : '';
    super(`cannot listen on [${address}]:${SERVER_PORT} (udp): ${code}${hint}`, { cause });
    this.name = 'DhcpListenError';
    this.address = address;
    this.code = code;
  }
}

export type Respond = (message: Uint8Array) => void;
export type OnPacket = (packet: DhcpPacket, respond: Respond) => void;

export class DhcpSockets {
  readonly #sockets: Socket[] = [];
  readonly #onPacket: OnPacket;
  readonly #senders = new BoundedMap<Sender>(KNOWN_SENDERS);
  /** Answers that the kernel did not take. */
  unsent = 0;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  /** Rejects with DhcpListenError, with nothing left open. */
  async open(links: readonly DhcpLink[]): Promise<void> {
    const names = links.map((link) => link.interface);
    try {
      for (const name of names) {
        const socket = await this.#open(RELAY_AGENTS_AND_SERVERS, true, name, name);
        join(socket, RELAY_AGENTS_AND_SERVERS, name);
      }
      const servers = await this.#open(SERVERS, true);
      for (const name of names) join(servers, SERVERS, name);
      for (const { interface: name, address } of links) await this.#open(formatAddress(address), false, name);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const sockets = this.#sockets.splice(0);
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  /**
   * `name`: the interface of what arrives, where the sender's address does not tell. `scope`: the one that a link's own
   * address is of.
   */
  async #open(address: string, multicast: boolean, name = '', scope?: string): Promise<Socket> {
    const socket = createSocket({
      type: 'udp6',
      // Addresses only, never names: no need to ask a resolver, nor to wait.
      lookup: (host, _options, callback) => callback(null, host, 6),
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => {
        socket.close();
        reject(new DhcpListenError(scope === undefined ? address : `${address}%${scope}`, cause));
      };
      socket.once('error', fail);
      try {
        const place = { address: parseAddress(address), port: SERVER_PORT, receiveBuffer: RECEIVE_BUFFER };
        const fd = bindUdp6(scope === undefined ? place : { ...place, interface: scope });
        socket.bind({ fd }, () => {
          socket.off('error', fail);
          resolve();
        });
      } catch (cause) {
        fail(cause as Error);
      }
    });
    // An unconnected socket has no lasting errors; that of a single packet is this packet's loss.
    socket.on('error', () => undefined);
    socket.on('message', (bytes, remote) => this.#received(socket, bytes, remote, multicast, name));
    this.#sockets.push(socket);
    return socket;
  }

  #senderOf(text: string): Sender {
    let sender = this.#senders.get(text);
    if (sender === undefined) {
      sender = senderOf(text);
      this.#senders.set(text, sender);
    }
    return sender;
  }

  #received(socket: Socket, bytes: Buffer, remote: RemoteInfo, multicast: boolean, name: string): void {
    const { source, zone } = this.#senderOf(remote.address);
    // RFC 8415 §7.2: relay agents listen where servers do.
    const port = bytes[0] === MessageType.RelayForward ? SERVER_PORT : CLIENT_PORT;
    const respond: Respond = (message) =>
      socket.send(message, port, remote.address, (error) => {
        if (error !== null) this.unsent++;
      });
    const packet = { bytes, interface: zone ?? name, source, multicast };
    this.#onPacket(packet, respond);
  }
}

interface Sender {
  readonly source: Address;
  /** The interface, of a link-local address. */
  readonly zone: string | undefined;
}

function senderOf(text: string): Sender {
  const [source, zone] = text.split('%');
  return { source: parseAddress(source!), zone };
}

function join(socket: Socket, group: string, name: string): void {
  try {
    socket.addMembership(group, `::%${name}`);
  } catch (cause) {
    throw new DhcpListenError(`${group}%${name}`, cause as Error);
  }
}
