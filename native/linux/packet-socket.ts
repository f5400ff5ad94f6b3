/** Whole Ethernet frames to and from one interface (packet(7)). */
import { Descriptor } from './descriptor.ts';
import { ERRNO, SyscallError } from './errors.ts';
import { check, lastErrno, libc, uninterrupted } from './libc.ts';
import { watch } from './watch.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const SOCKADDR_LL_LENGTH = 20;

/** Every protocol, from linux/if_ether.h. */
const ETH_P_ALL = 3;
/** The longest frame received whole: the largest IPv6 packet without a jumbo payload, and its link header. */
const FRAME_MAXIMUM = 65_536 + 64;
/** Frames per turn of the event loop. */
const FRAMES_PER_TURN = 256;

export interface PacketSocketOptions {
  /** Gets each arriving frame, from its Ethernet header; the bytes are valid during the call only. */
  readonly receive?: (frame: Uint8Array) => void;
  /** EtherType to receive, like 0x86dd (default: all). A VLAN tag that the driver took off is not put back. */
  readonly protocol?: number;
}

export class PacketSocket {
  readonly #ifindex: number;
  readonly #descriptor: Descriptor;
  readonly #stop: (() => void) | undefined;

  private constructor(ifindex: number, descriptor: Descriptor, stop: (() => void) | undefined) {
    this.#ifindex = ifindex;
    this.#descriptor = descriptor;
    this.#stop = stop;
  }

  /**
   * Opens a socket on an interface of the calling thread's network namespace. Without `receive` it only sends.
   * Frames sent from this host, by whatever program, are not received. Throws SyscallError, ENODEV for no such interface.
   */
  static open(ifindex: number, { receive, protocol = ETH_P_ALL }: PacketSocketOptions = {}): PacketSocket {
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    // Protocol 0: not a frame of another interface gets in before the socket is bound.
    const fd = check('socket(AF_PACKET)', libc.socket(AF_PACKET, type, 0));
    const descriptor = new Descriptor(fd, `PacketSocket of interface ${ifindex}`);
    try {
      const value = Int32Array.of(1);
      check(
        'setsockopt(PACKET_IGNORE_OUTGOING)',
        libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, value, value.byteLength),
      );
      const address = linkLayerAddress(ifindex, receive === undefined ? 0 : protocol);
      check(`bind(AF_PACKET, interface ${ifindex})`, libc.bind(fd, address, SOCKADDR_LL_LENGTH));
      const stop = receive === undefined ? undefined : watch(fd, receiver(descriptor, receive));
      return new PacketSocket(ifindex, descriptor, stop);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /**
   * Hands one frame to the interface's queue, without waiting. Throws SyscallError: EAGAIN or ENOBUFS when it is
   * full, ENETDOWN when the interface is down, EMSGSIZE when the frame is longer than its MTU allows.
   */
  send(frame: Uint8Array): void {
    const { fd } = this.#descriptor;
    check(
      `send(AF_PACKET, interface ${this.#ifindex}, ${frame.length} bytes)`,
      uninterrupted(() => libc.send(fd, frame, frame.length, MSG_DONTWAIT)),
    );
  }

  /** Idempotent; nothing is received any more. */
  close(): void {
    this.#stop?.();
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function receiver(descriptor: Descriptor, receive: (frame: Uint8Array) => void): () => void {
  const buffer = new Uint8Array(FRAME_MAXIMUM);
  return () => {
    for (let count = 0; count < FRAMES_PER_TURN && !descriptor.closed; count++) {
      const { fd } = descriptor;
      const length = uninterrupted(() => libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT | MSG_TRUNC));
      if (length < 0) {
        const errno = lastErrno();
        if (errno === ERRNO.EAGAIN) return;
        // Said once when the interface goes down; frames come again when it is back, links are watched by netlink.
        if (errno === ERRNO.ENETDOWN) continue;
        throw new SyscallError(descriptor.label, errno);
      }
      receive(buffer.subarray(0, Math.min(length, buffer.length)));
    }
  };
}

/** struct sockaddr_ll: family, protocol in network order, interface. */
function linkLayerAddress(ifindex: number, protocol: number): Uint8Array {
  const address = new Uint8Array(SOCKADDR_LL_LENGTH);
  new Uint16Array(address.buffer)[0] = AF_PACKET;
  new DataView(address.buffer).setUint16(2, protocol);
  new Int32Array(address.buffer)[1] = ifindex;
  return address;
}
