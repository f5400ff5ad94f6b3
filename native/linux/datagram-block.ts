/**
 * Memory for datagrams and their addresses as recvmmsg(2) and sendmmsg(2) want it: struct mmsghdr, iovec and
 * sockaddr_in6 of a 64-bit, little-endian Linux.
 */
import { MemoryMapping } from './memory-mapping.ts';

/** 16 octets of address, a port, and the number of the interface that a link-local address is of (0: none). */
export interface UdpEndpoint {
  readonly address: Uint8Array;
  readonly port: number;
  readonly scope: number;
}

const AF_INET6 = 10;
/** Longest datagram that UDP over IPv6 carries without a jumbogram. */
export const DATAGRAM_MAXIMUM = 65_527;

const HEADER = {
  length: 64,
  name: 0,
  nameLength: 8,
  vector: 16,
  vectorCount: 24,
  messageLength: 56,
} as const;
const VECTOR = { length: 16, base: 0, size: 8 } as const;
/** struct sockaddr_in6: family and scope in the machine's order, the port in the network's. */
const NAME = { length: 28, stride: 32, port: 2, address: 8, scope: 24 } as const;
const DATA_STRIDE = 65_536;

export class DatagramBlock {
  readonly capacity: number;
  readonly #base: number;
  readonly #bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  readonly #view: DataView;
  readonly #vectors: number;
  readonly #names: number;
  readonly #data: number;

  /** Room for `capacity` datagrams of any length; memory that no datagram needed is none. Throws SyscallError. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#vectors = capacity * HEADER.length;
    this.#names = this.#vectors + capacity * VECTOR.length;
    this.#data = this.#names + capacity * NAME.stride;
    // It lives as long as the process: nothing ever unmaps what the kernel may write to.
    const { address, buffer } = MemoryMapping.anonymous(this.#data + capacity * DATA_STRIDE);
    this.#base = address;
    this.#bytes = new Uint8Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#view = new DataView(buffer);
    const addresses = new BigUint64Array(buffer, 0, this.#names / 8);
    for (let index = 0; index < capacity; index++) {
      const [header, vector] = [index * HEADER.length, this.#vectors + index * VECTOR.length];
      addresses[(header + HEADER.name) / 8] = BigInt(address + this.#nameAt(index));
      addresses[(header + HEADER.vector) / 8] = BigInt(address + vector);
      addresses[(header + HEADER.vectorCount) / 8] = 1n;
      addresses[(vector + VECTOR.base) / 8] = BigInt(address + this.#dataAt(index));
    }
  }

  /** Address of the `index`-th struct mmsghdr. */
  headerAddress(index: number): number {
    return this.#base + index * HEADER.length;
  }

  /** Makes room for `count` datagrams of any length. */
  empty(count: number): void {
    for (let index = 0; index < count; index++) this.#shape(index, DATA_STRIDE);
  }

  /** Puts a datagram of at most DATAGRAM_MAXIMUM octets for its destination. */
  put(index: number, bytes: Uint8Array, { address, port, scope }: UdpEndpoint): void {
    const name = this.#nameAt(index);
    this.#shape(index, bytes.length);
    this.#halves[name / 2] = AF_INET6;
    this.#view.setUint16(name + NAME.port, port);
    this.#bytes.set(address, name + NAME.address);
    this.#words[(name + NAME.scope) / 4] = scope;
    this.#bytes.set(bytes, this.#dataAt(index));
  }

  /** What was received; valid until the block is used again. */
  bytes(index: number): Uint8Array {
    const length = this.#words[(index * HEADER.length + HEADER.messageLength) / 4]!;
    const at = this.#dataAt(index);
    return this.#bytes.subarray(at, at + length);
  }

  /** Where it came from. */
  source(index: number): UdpEndpoint {
    const name = this.#nameAt(index);
    const at = name + NAME.address;
    return {
      address: this.#bytes.slice(at, at + 16),
      port: this.#view.getUint16(name + NAME.port),
      scope: this.#words[(name + NAME.scope) / 4]!,
    };
  }

  #shape(index: number, length: number): void {
    this.#words[(index * HEADER.length + HEADER.nameLength) / 4] = NAME.length;
    // The upper half of the 64-bit length stays 0.
    this.#words[(this.#vectors + index * VECTOR.length + VECTOR.size) / 4] = length;
  }

  #nameAt(index: number): number {
    return this.#names + index * NAME.stride;
  }

  #dataAt(index: number): number {
    return this.#data + index * DATA_STRIDE;
  }
}
