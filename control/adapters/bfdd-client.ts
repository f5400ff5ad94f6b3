/** Follows FRR's bfdd by its control socket, again and again after it went away. */
import { connect, type Socket } from 'node:net';
import type { Log } from '../observe/log.ts';
import type { BfdSessions } from '../site/liveness/bfd-sessions.ts';
import { BfddProtocolError, BfddReader, encodeSubscription } from '../site/liveness/bfdd-protocol.ts';

/** Milliseconds between subscriptions: each is answered, so that a bfdd that hangs is noticed. */
const HEARTBEAT = 1000;
/** Milliseconds without an answer after which bfdd is given up. */
const PATIENCE = 3000;

export class BfddClient {
  readonly #path: string;
  readonly #sessions: BfdSessions;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #socket: Socket | undefined;
  #reader = new BfddReader();
  #heardAt = 0;
  #identifier = 0;

  /** Reports come as long as it is open. */
  constructor(path: string, sessions: BfdSessions, log: Log) {
    this.#path = path;
    this.#sessions = sessions;
    this.#log = log;
    this.#connect();
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #connect(): void {
    const socket = connect(this.#path);
    this.#socket = socket;
    this.#reader = new BfddReader();
    this.#heardAt = performance.now();
    socket.on('connect', () => this.#subscribe());
    socket.on('data', (chunk) => this.#read(socket, chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lose(socket, error.code ?? error.message));
    socket.on('close', () => this.#lose(socket, 'bfdd closed its control socket'));
  }

  #beat(): void {
    if (this.#socket === undefined) this.#connect();
    else if (performance.now() - this.#heardAt > PATIENCE) this.#lose(this.#socket, 'bfdd does not answer');
    else this.#subscribe();
  }

  #subscribe(): void {
    this.#identifier = (this.#identifier % 0xffff) + 1;
    if (this.#socket?.readyState === 'open') this.#socket.write(encodeSubscription(this.#identifier));
  }

  #read(socket: Socket, chunk: Uint8Array): void {
    if (socket !== this.#socket) return;
    this.#heardAt = performance.now();
    try {
      for (const message of this.#reader.read(chunk))
        if (message.op !== 'response') this.#sessions.handle(message);
    } catch (error) {
      if (!(error instanceof BfddProtocolError)) throw error;
      this.#lose(socket, error.message);
    }
  }

  #lose(socket: Socket, reason: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    socket.destroy();
    this.#log.debug('liveness-source-lost', { socket: this.#path, reason });
    this.#sessions.lose(reason);
  }
}
