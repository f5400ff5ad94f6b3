/** A NETLINK_ROUTE socket: requests answered synchronously, and datagrams of events. */
import { Descriptor } from '../descriptor.ts';
import { ERRNO, SyscallError } from '../errors.ts';
import { check, lastErrno, libc, uninterrupted } from '../libc.ts';
import type { Body } from './link.ts';
import { Attributes, decodeMessages, encodeMessage, Fields, type Message } from './message.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
const SOCKADDR_NL_LENGTH = 12;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_DROP_MEMBERSHIP = 2;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

const NLM_F_REQUEST = 0x01;
const NLM_F_ACK = 0x04;
const NLM_F_DUMP_INTERRUPTED = 0x10;
const NLM_F_ACK_TLVS = 0x200;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;
/** The error number and the header of the request, which NETLINK_CAP_ACK leaves alone. */
const NLMSGERR_LENGTH = 20;

/** The kernel fills at most 32 KiB of a dump at once. */
const BUFFER_LENGTH = 65_536;
/** The kernel answers at once: this is for the day that it does not. */
const ANSWER_SECONDS = 10;
const DUMP_ATTEMPTS = 5;

export class NetlinkSocket {
  readonly descriptor: Descriptor;
  readonly #buffer = new Uint8Array(BUFFER_LENGTH);
  #sequence = 0;

  private constructor(descriptor: Descriptor) {
    this.descriptor = descriptor;
  }

  /** Opens a socket in the calling thread's network namespace. Throws SyscallError. */
  static open(label: string): NetlinkSocket {
    const fd = check('socket(AF_NETLINK)', libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    const socket = new NetlinkSocket(new Descriptor(fd, label));
    try {
      const address = new Uint8Array(SOCKADDR_NL_LENGTH);
      new Uint16Array(address.buffer)[0] = AF_NETLINK;
      check('bind(AF_NETLINK)', libc.bind(fd, address, address.length));
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
        socket.#setOption(`netlink option ${option}`, SOL_NETLINK, option, Int32Array.of(1));
      socket.#setOption('SO_RCVTIMEO', SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(BigInt(ANSWER_SECONDS), 0n));
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }

  #setOption(name: string, level: number, option: number, value: ArrayBufferView): void {
    check(`setsockopt(${name})`, libc.setsockopt(this.descriptor.fd, level, option, value, value.byteLength));
  }

  /** Receives what the kernel multicasts to `group`, or no longer. */
  setMembership(group: number, member: boolean): void {
    const option = member ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
    this.#setOption(`membership of group ${group}`, SOL_NETLINK, option, Int32Array.of(group));
  }

  /** Bytes of events that may wait, counted with their overhead, before the kernel drops some. */
  setReceiveBuffer(bytes: number): void {
    this.#setOption('SO_RCVBUFFORCE', SOL_SOCKET, SO_RCVBUFFORCE, Int32Array.of(bytes));
  }

  /** Sends a request, waits until the kernel has carried it out. Throws SyscallError with the kernel's explanation. */
  change(operation: string, type: number, flags: number, body: Body): void {
    for (const _ of this.#exchange(operation, type, flags | NLM_F_ACK, body)) {
      // The acknowledgement alone is of interest.
    }
  }

  /** Asks for one thing. Throws SyscallError: ENODEV, ENOENT, … */
  get(operation: string, type: number, body: Body): Uint8Array | undefined {
    let answer: Uint8Array | undefined;
    for (const message of this.#exchange(operation, type, NLM_F_ACK, body))
      answer ??= message.payload.slice();
    return answer;
  }

  /** Asks for a whole table, anew if it changed meanwhile: the answer is consistent. */
  dump<Item>(
    operation: string,
    type: number,
    body: Body,
    decode: (payload: Uint8Array) => Item | undefined,
  ): Item[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const items: Item[] = [];
      let interrupted = false;
      for (const { flags, payload } of this.#exchange(operation, type, NLM_F_DUMP, body)) {
        interrupted ||= (flags & NLM_F_DUMP_INTERRUPTED) !== 0;
        const item = decode(payload);
        if (item !== undefined) items.push(item);
      }
      if (!interrupted) return items;
    }
    throw new SyscallError(
      operation,
      ERRNO.EAGAIN,
      `the table changed during each of ${DUMP_ATTEMPTS} dumps`,
    );
  }

  /**
   * Asks for a whole table, which comes one item at a time as the caller goes on. It must go on to the end before the
   * socket is used again. Returns false when the table changed meanwhile, so that an item may be missing.
   */
  *dumpInSteps<Item>(
    operation: string,
    type: number,
    body: Body,
    decode: (payload: Uint8Array) => Item | undefined,
  ): Generator<Item, boolean> {
    let interrupted = false;
    for (const { flags, payload } of this.#exchange(operation, type, NLM_F_DUMP, body)) {
      interrupted ||= (flags & NLM_F_DUMP_INTERRUPTED) !== 0;
      const item = decode(payload);
      if (item !== undefined) yield item;
    }
    return !interrupted;
  }

  /**
   * One datagram of events without waiting; undefined when there is none, 'overrun' when the kernel had to drop
   * some, or it is longer than what the kernel fills at once. The bytes are valid until the next call.
   */
  receiveEvents(): Uint8Array | 'overrun' | undefined {
    const length = this.#receive(MSG_DONTWAIT);
    if (length > this.#buffer.length) return 'overrun';
    if (length >= 0) return this.#buffer.subarray(0, length);
    const errno = lastErrno();
    if (errno === ERRNO.EAGAIN) return undefined;
    if (errno === ERRNO.ENOBUFS) return 'overrun';
    throw new SyscallError(`recv(${this.descriptor.label})`, errno);
  }

  close(): void {
    this.descriptor.close();
  }

  /** Yields the messages that answer a request, up to its end. */
  *#exchange(
    operation: string,
    type: number,
    flags: number,
    { fixed, attributes }: Body,
  ): Generator<Message> {
    const { fd } = this.descriptor;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    const request = encodeMessage({ type, flags: NLM_F_REQUEST | flags, sequence }, fixed, attributes);
    check(
      operation,
      uninterrupted(() => libc.send(fd, request, request.length, 0)),
    );
    for (;;) {
      const length = this.#receive(0);
      if (length < 0) throw new SyscallError(operation, lastErrno());
      if (length > this.#buffer.length) throw new SyscallError(operation, ERRNO.EMSGSIZE);
      for (const message of decodeMessages(this.#buffer.subarray(0, length))) {
        // An answer to an earlier request that failed half way.
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          throwIfRefused(operation, message);
          return;
        }
        yield message;
      }
    }
  }

  #receive(flags: number): number {
    const { fd } = this.descriptor;
    return uninterrupted(() => libc.recv(fd, this.#buffer, this.#buffer.length, flags | MSG_TRUNC));
  }
}

function throwIfRefused(operation: string, { type, flags, payload }: Message): void {
  if (payload.length < 4) return;
  const result = new Fields(payload).i32(0);
  if (result >= 0) return;
  const attributes = type === NLMSG_ERROR ? NLMSGERR_LENGTH : 4;
  const explanation =
    (flags & NLM_F_ACK_TLVS) === 0 ? undefined : new Attributes(payload, attributes).text(NLMSGERR_ATTR_MSG);
  throw new SyscallError(operation, -result, explanation);
}
