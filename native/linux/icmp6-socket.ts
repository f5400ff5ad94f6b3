/** ICMPv6 messages to this host, as raw sockets deliver them (ipv6(7), RFC 3542 §3). */
import { Descriptor } from './descriptor.ts';
import { ERRNO, SyscallError } from './errors.ts';
import { check, lastErrno, libc, uninterrupted } from './libc.ts';
import { watch } from './watch.ts';

const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMPV6 = 58;
const ICMP6_FILTER = 1;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const MESSAGE_MAXIMUM = 2048;
/** Messages per turn of the event loop. */
const MESSAGES_PER_TURN = 256;

export class Icmp6Socket {
  readonly #descriptor: Descriptor;
  readonly #stop: () => void;

  private constructor(descriptor: Descriptor, stop: () => void) {
    this.#descriptor = descriptor;
    this.#stop = stop;
  }

  /**
   * Receives messages of one type, from the ICMPv6 header on, whose checksum the kernel has verified; the bytes are
   * valid during the call only. In the calling thread's network namespace. Throws SyscallError.
   */
  static open(type: number, receive: (message: Uint8Array) => void): Icmp6Socket {
    const kind = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = check('socket(ICMPv6)', libc.socket(AF_INET6, kind, IPPROTO_ICMPV6));
    const descriptor = new Descriptor(fd, 'Icmp6Socket');
    try {
      // A bit that is set keeps a type away.
      const filter = new Uint32Array(8).fill(0xffff_ffff);
      filter[type >> 5]! &= ~(1 << (type & 31));
      check(
        'setsockopt(ICMP6_FILTER)',
        libc.setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter, filter.byteLength),
      );
      return new Icmp6Socket(descriptor, watch(fd, receiver(descriptor, receive)));
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /** Idempotent; nothing is received any more. */
  close(): void {
    this.#stop();
    this.#descriptor.close();
  }
}

function receiver(descriptor: Descriptor, receive: (message: Uint8Array) => void): () => void {
  const buffer = new Uint8Array(MESSAGE_MAXIMUM);
  return () => {
    for (let count = 0; count < MESSAGES_PER_TURN && !descriptor.closed; count++) {
      const { fd } = descriptor;
      const length = uninterrupted(() => libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT | MSG_TRUNC));
      if (length >= 0) {
        receive(buffer.subarray(0, Math.min(length, buffer.length)));
        continue;
      }
      const errno = lastErrno();
      if (errno === ERRNO.EAGAIN) return;
      throw new SyscallError('recv(ICMPv6)', errno);
    }
  };
}
