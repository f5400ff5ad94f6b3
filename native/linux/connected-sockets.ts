/** Many UDP sockets, each connected to one peer, behind one epoll(7): one wake-up for all that have something. */
import { Descriptor } from './descriptor.ts';
import { ERRNO, SyscallError } from './errors.ts';
import { check, lastErrno, libc, uninterrupted } from './libc.ts';
import { connectUdp6 } from './udp-socket.ts';
import { watch } from './watch.ts';

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const MSG_DONTWAIT = 0x40;
const LONGEST = 65_536;
/** Sockets read in one go. */
const EVENTS = 64;
/** struct epoll_event in words: packed on x86, padded elsewhere; the descriptor follows the event mask. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = process.arch === 'x64' ? 1 : 2;

export interface ConnectedSocketsOptions {
  /** `message` is valid until it returns. */
  readonly receive: (socket: ConnectedSocket, message: Uint8Array) => void;
  /** The kernel has an error to report, an ICMPv6 message for one; the socket is still open. */
  readonly fail: (socket: ConnectedSocket, error: SyscallError) => void;
}

export class ConnectedSockets {
  readonly #options: ConnectedSocketsOptions;
  readonly #epoll: Descriptor;
  readonly #stop: () => void;
  readonly #open = new Map<number, ConnectedSocket>();
  readonly #events = new Uint32Array(EVENTS * EVENT_WORDS);
  readonly #buffer = new Uint8Array(LONGEST);

  /** Throws SyscallError. */
  constructor(options: ConnectedSocketsOptions) {
    this.#options = options;
    this.#epoll = new Descriptor(check('epoll_create1', libc.epollCreate(EPOLL_CLOEXEC)), 'ConnectedSockets');
    this.#stop = watch(this.#epoll.fd, () => this.#read());
  }

  get size(): number {
    return this.#open.size;
  }

  /** `address`: 16 octets. In the calling thread's network namespace. Throws SyscallError. */
  open(address: Uint8Array, port: number): ConnectedSocket {
    const fd = connectUdp6({ address, port });
    const event = new Uint32Array(4);
    event[0] = EPOLLIN;
    event[DATA_WORD] = fd;
    const socket = new ConnectedSocket(fd, () => this.#open.delete(fd));
    try {
      check('epoll_ctl(add UDP)', libc.epollControl(this.#epoll.fd, EPOLL_CTL_ADD, fd, event));
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#open.set(fd, socket);
    return socket;
  }

  /** Closes all sockets. Idempotent. */
  close(): void {
    if (this.#epoll.closed) return;
    this.#stop();
    for (const socket of [...this.#open.values()]) socket.close();
    this.#epoll.close();
  }

  #read(): void {
    const { fd } = this.#epoll;
    const count = uninterrupted(() => libc.epollWait(fd, this.#events, EVENTS, 0));
    for (let index = 0; index < count; index++) {
      // One that was closed meanwhile, by the handling of another, is not there any more.
      const socket = this.#open.get(this.#events[index * EVENT_WORDS + DATA_WORD]!);
      if (socket !== undefined) this.#take(socket);
    }
  }

  /** One message: what else waits is told at the next look. */
  #take(socket: ConnectedSocket): void {
    const { fd } = socket;
    const length = uninterrupted(() => libc.recv(fd, this.#buffer, LONGEST, MSG_DONTWAIT));
    if (length >= 0) return this.#options.receive(socket, this.#buffer.subarray(0, length));
    const errno = lastErrno();
    if (errno !== ERRNO.EAGAIN) this.#options.fail(socket, new SyscallError('recv(UDP)', errno));
  }
}

export class ConnectedSocket {
  readonly #descriptor: Descriptor;
  readonly #onClose: () => void;

  constructor(fd: number, onClose: () => void) {
    this.#descriptor = new Descriptor(fd, 'connected UDP socket');
    this.#onClose = onClose;
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Throws SyscallError, also for an earlier message that was refused: ECONNREFUSED, EHOSTUNREACH, EMSGSIZE… */
  send(message: Uint8Array): void {
    const { fd } = this.#descriptor;
    check(
      'send(UDP)',
      uninterrupted(() => libc.send(fd, message, message.length, MSG_DONTWAIT)),
    );
  }

  /** Idempotent. */
  close(): void {
    if (this.#descriptor.closed) return;
    this.#onClose();
    this.#descriptor.close();
  }
}
